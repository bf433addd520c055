/** Sends a request to the next model of its call where a model is overloaded or missing. */
import { Effect, type Layer } from "effect"
import type { AskError } from "../claude/AskError.ts"
import * as Call from "../claude/Call.ts"
import { type Claude, layerAround } from "../claude/Claude.ts"
import * as Event from "../claude/Event.ts"
import { addPaid, type Reply, type Request } from "../claude/Message.ts"

/**
 * Provides a `Claude` that sends a request again, with the next model of `Call.fallback`, where the layers below fail with an
 * overload or a missing model; emits `FellBack` before. The error is that of the last model, with the usage of all. A
 * function, as Effect builds one layer value once for a graph, so that two stacks in it would become one.
 */
export const layer = (): Layer.Layer<Claude, never, Claude> =>
  layerAround((send) => {
    const sendToNext =
      (request: Request, call: Call.Call) =>
      (error: AskError): Effect.Effect<Reply, AskError> => {
        const [to, ...fallback] = call.fallback ?? []
        if (to === undefined || !isCausedByModel(error)) return Effect.fail(error)
        const { message, model, reason, usage } = error
        const [next, nextCall] = [
          { ...request, model: to },
          { ...call, fallback }
        ]
        return Event.emit({ _tag: "FellBack", from: request.model, to, reason: reason._tag, message }).pipe(
          Effect.andThen(Effect.provideService(send(next), Call.Current, nextCall)),
          Effect.catch(sendToNext(next, nextCall)),
          Effect.mapError((last) => last.with({ usage: addPaid(usage, last.usage), model: last.model ?? model }))
        )
      }

    return (request) =>
      Effect.withFiber((fiber) => {
        const call = fiber.getRef(Call.Current)
        const hasFallback = call.fallback !== undefined && call.fallback.length > 0
        return hasFallback ? Effect.catch(send(request), sendToNext(request, call)) : send(request)
      })
  })

/** Another model may answer where this one cannot. */
const isCausedByModel = (error: AskError): boolean => error.isOverload || error.reason._tag === "NotFound"

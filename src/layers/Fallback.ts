/** Goes on to the next model of a call where one is overloaded or missing. */
import { Effect, Layer } from "effect"
import type { AskError } from "../claude/AskError.ts"
import * as Call from "../claude/Call.ts"
import { Claude } from "../claude/Claude.ts"
import * as Event from "../claude/Event.ts"
import { addPaid, type Reply, type Request } from "../claude/Message.ts"

/**
 * Provides a `Claude` that sends a request again, with the next model of `Call.fallback`, once all below have given up on an
 * overload or a missing model; tells each `FellBack`. An error is that of the last model, with the usage of all.
 */
export const layer: Layer.Layer<Claude, never, Claude> = Layer.effect(
  Claude,
  Effect.map(Claude, ({ send }) => {
    const goOn =
      (request: Request, call: Call.Call) =>
      (error: AskError): Effect.Effect<Reply, AskError> => {
        const [to, ...fallback] = call.fallback ?? []
        if (to === undefined || !isOfTheModel(error)) return Effect.fail(error)
        const { message, model, reason, usage } = error
        const [next, nextCall] = [
          { ...request, model: to },
          { ...call, fallback }
        ]
        return Event.emit({ _tag: "FellBack", from: request.model, to, reason: reason._tag, message }).pipe(
          Effect.andThen(Effect.provideService(send(next), Call.Current, nextCall)),
          Effect.catch(goOn(next, nextCall)),
          Effect.mapError((last) => last.with({ usage: addPaid(usage, last.usage), model: last.model ?? model }))
        )
      }

    return Claude.of({
      send: (request) =>
        Effect.withFiber((fiber) => {
          const call = fiber.getRef(Call.Current)
          const isAlone = call.fallback === undefined || call.fallback.length === 0
          return isAlone ? send(request) : Effect.catch(send(request), goOn(request, call))
        })
    })
  })
)

/** What another model may be spared. */
const isOfTheModel = (error: AskError): boolean => error.isOverload || error.reason._tag === "NotFound"

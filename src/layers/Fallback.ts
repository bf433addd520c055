/** Sends a request to the next model of its call where a model is overloaded or missing, or refuses. */
import { Effect, type Layer } from "effect"
import { AskError, Refused } from "../claude/AskError.ts"
import * as Call from "../claude/Call.ts"
import { type Claude, layerAround } from "../claude/Claude.ts"
import * as Event from "../claude/Event.ts"
import { addPaid, allDeclined, following, type Reply, type Request } from "../claude/Message.ts"
import * as RefusalPolicy from "../claude/RefusalPolicy.ts"

/**
 * Provides a `Claude` that sends a request again, with the next model of `Call.fallback`, where the layers below fail with an
 * overload or a missing model, or, by the policy `fallback`, where the reply is a refusal; emits `FellBack` before. The reply, or
 * the error of the last model, has the usage of all. A function, as Effect builds one layer value once for a graph, so that two
 * stacks in it would become one.
 */
export const layer = (
  refusals: RefusalPolicy.RefusalPolicy = RefusalPolicy.standard
): Layer.Layer<Claude, never, Claude> =>
  layerAround((send) => {
    /** Sends to the next model after `from`, for the reason of the error. `undefined` where there is none. */
    const sendToNext = (from: Request, call: Call.Call, { message, reason }: AskError) => {
      const [to, ...fallback] = call.fallback ?? []
      if (to === undefined) return undefined
      const announced = Event.emit({ _tag: "FellBack", from: from.model, to, reason: reason._tag, message })
      return Effect.andThen(announced, sendTo({ ...from, model: to }, { ...call, fallback }))
    }

    const sendTo = (request: Request, call: Call.Call): Effect.Effect<Reply, AskError> =>
      Effect.matchEffect(Effect.provideService(send(request), Call.Current, call), {
        onFailure: (error) => afterFailure(request, call, error),
        onSuccess: (reply) =>
          refusals === "fallback" && reply.stopReason === "refusal"
            ? afterRefusal(request, call, reply)
            : Effect.succeed(reply)
      })

    const afterFailure = (request: Request, call: Call.Call, error: AskError): Effect.Effect<Reply, AskError> => {
      const next = isCausedByModel(error) ? sendToNext(request, call, error) : undefined
      const { model, usage } = error
      return next === undefined
        ? Effect.fail(error)
        : Effect.mapError(next, (last) => last.with({ usage: addPaid(usage, last.usage), model: last.model ?? model }))
    }

    /** A refusal is paid. */
    const afterRefusal = (request: Request, call: Call.Call, refused: Reply): Effect.Effect<Reply, AskError> => {
      const { model, refusal, usage } = refused
      const { category = null, explanation = null } = refusal ?? {}
      const next = sendToNext(request, call, new AskError({ reason: new Refused({ category, explanation }) }))
      if (next === undefined) return Effect.succeed(refused)
      return Effect.mapBoth(next, {
        onFailure: (last) => last.with({ usage: addPaid(usage, last.usage), model: last.model ?? model }),
        onSuccess: (reply) => following({ ...refused, declined: allDeclined(refused) }, reply)
      })
    }

    return (request) =>
      Effect.withFiber((fiber) => {
        const call = fiber.getRef(Call.Current)
        const hasFallback = call.fallback !== undefined && call.fallback.length > 0
        return hasFallback ? sendTo(request, call) : send(request)
      })
  })

/** Another model may answer where this one cannot. */
const isCausedByModel = (error: AskError): boolean => error.isOverload || error.reason._tag === "NotFound"

/** Lets the API go on to another model after a refusal, within the same request, where it can do that for the model. */
import { Effect, type Layer } from "effect"
import type { AskError } from "../claude/AskError.ts"
import * as Call from "../claude/Call.ts"
import { type Claude, layerAround } from "../claude/Claude.ts"
import type { Request } from "../claude/Message.ts"
import * as RefusalPolicy from "../claude/RefusalPolicy.ts"

/** What follows a refusal. */
export const Options = RefusalPolicy.RefusalPolicy.annotate({
  description:
    "After a refusal: fallback asks the next model of the list, or, without a list, lets the API choose one where it can; gap leaves the ask without an answer (default fallback)"
})
export type Options = RefusalPolicy.RefusalPolicy

/** Words of an error about the field or its beta, as the API and gateways write it. */
const mention =
  /fallback|beta|extra (?:inputs|fields)|un(?:known|supported|recognized|expected) (?:field|param|key|arg)/i

/**
 * Provides a `Claude` that adds `fallbacks: "default"` to the requests of a call with one model, where `ModelInfo` lists
 * fallbacks of it. An address that rejects the field gets the request once more without it, and all later ones of that model.
 */
export const layer = (policy: Options = RefusalPolicy.standard): Layer.Layer<Claude, never, Claude> =>
  layerAround((send) => {
    /** The models whose requests were rejected for the field, and those where it is known not to be the cause of an error. */
    const rejected = new Set<string>()
    const accepted = new Set<string>()

    const sendWithout = (request: Request, error: AskError) =>
      Effect.tapError(
        Effect.tap(send(request), () => Effect.sync(() => rejected.add(request.model))),
        // The request is wrong without the field too, so the field was not the cause.
        (last) => Effect.sync(() => last.reason._tag === error.reason._tag && accepted.add(request.model))
      )

    return (request) => {
      if (policy === "gap") return send(request)
      return Effect.withFiber((fiber) => {
        const { attempt, fallback } = fiber.getRef(Call.Current)
        // The last model of a list has an empty list of others.
        const full = RefusalPolicy.withFallbacks(request, fallback !== undefined, policy)
        const { model } = request
        if (full === request || rejected.has(model)) return send(request)
        // A gateway may report a field that it does not know as a passing fault, which would be retried with the field for long.
        if (attempt > 1 && !accepted.has(model)) return send(request)
        return Effect.matchEffect(send(full), {
          onFailure: (error) =>
            isAboutField(error, accepted.has(model)) ? sendWithout(request, error) : Effect.fail(error),
          onSuccess: (reply) => {
            accepted.add(model)
            return Effect.succeed(reply)
          }
        })
      })
    }
  })

/** Whether the field may be the cause: the error names it, or nothing, where no request with the field was accepted before. */
const isAboutField = ({ message, reason }: AskError, isAccepted: boolean): boolean => {
  switch (reason._tag) {
    case "InvalidRequest":
      return !isAccepted || mention.test(message)
    case "PermissionDenied":
    case "NotFound":
    case "ServerError":
      return mention.test(message)
    default:
      return false
  }
}

/** An Effect as a promise of a script: it rejects with the error itself, or with the reason of the signal that aborted it. */
import { Effect, Exit } from "effect"

export const settled = <A, E>(effect: Effect.Effect<A, E>, signal?: AbortSignal): Promise<A> =>
  Effect.runPromiseExit(effect, { ...(signal && { signal }) }).then((exit) => {
    if (Exit.isSuccess(exit)) return exit.value
    if (signal?.aborted === true) throw signal.reason
    const error = Exit.findErrorOption(exit)
    if (error._tag === "Some") throw error.value
    const defect = exit.cause.reasons.find(({ _tag }) => _tag === "Die")
    throw defect?._tag === "Die" ? defect.defect : new Error("The run was interrupted")
  })

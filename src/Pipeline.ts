/** Research, then synthesis: what a plan, the command line and `fanfold/promise` all run. */
import { Effect, Result } from "effect"
import type { Answer } from "./Ask.ts"
import type { AskError } from "./AskError.ts"
import * as Call from "./Call.ts"
import type { Claude } from "./Claude.ts"
import type { Asks, Findings } from "./Findings.ts"
import type { Policy } from "./Policy.ts"
import * as Research from "./Research.ts"
import * as Synthesis from "./Synthesis.ts"

/** All that a run needs, checked: nothing in it refers to files or text still to be read. */
export interface Pipeline {
  readonly asks: Asks
  readonly synthesis: Synthesis.Synthesis<unknown> | undefined
  readonly policy: Policy
  readonly concurrency: Research.Concurrency
  readonly context: string | undefined
}

/** How a run ended. Findings are there whatever happened after them: they are paid. */
export interface Outcome {
  readonly findings: Findings
  /** The synthesis; `undefined` where none was asked for, or it failed. */
  readonly document: Answer<unknown> | undefined
  /** Why the run failed; `undefined` where the policy was met and the synthesis, if any, is there. */
  readonly error: Research.ResearchError | AskError | undefined
}

/**
 * Runs a pipeline to its end. It never fails: the outcome holds what was finished, and the error. Where it is
 * interrupted, `onInterrupt` gets what was finished until then.
 */
export const run = Effect.fn("Pipeline.run")(function* (
  pipeline: Pipeline,
  onInterrupt: (unfinished: Outcome) => Effect.Effect<unknown> = () => Effect.void
): Effect.fn.Return<Outcome, never, Claude> {
  const { asks, concurrency, context, policy, synthesis } = pipeline
  const leave = (findings: Findings) => onInterrupt({ findings, document: undefined, error: undefined })
  const options = { policy, concurrency, context, onInterrupt: leave }
  const coming = synthesis === undefined ? {} : { synthesis: Synthesis.toCome(synthesis, asks) }
  const research = Effect.updateService(Research.run(asks, options), Call.Current, (call) => ({ ...call, ...coming }))
  const researched = yield* Effect.result(research)
  if (Result.isFailure(researched)) {
    return { findings: researched.failure.findings, document: undefined, error: researched.failure }
  }
  const findings = researched.success
  if (synthesis === undefined) return { findings, document: undefined, error: undefined }
  const folded = yield* Effect.result(Effect.onInterrupt(synthesis.answer(findings), () => leave(findings)))
  return Result.isSuccess(folded)
    ? { findings, document: folded.success, error: undefined }
    : { findings, document: undefined, error: folded.failure }
})

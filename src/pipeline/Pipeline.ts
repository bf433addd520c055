/** Research, then synthesis: what a plan, the command line and `fanfold/promise` all run. */
import { type Duration, Effect, Result } from "effect"
import type { Answer } from "./Ask.ts"
import type { AskError } from "../claude/AskError.ts"
import * as Call from "../claude/Call.ts"
import type { Claude } from "../claude/Claude.ts"
import type { Asks, Findings } from "./Findings.ts"
import type { Policy } from "../options/Policy.ts"
import * as Price from "../claude/Price.ts"
import * as Research from "./Research.ts"
import * as Synthesis from "./Synthesis.ts"

/** All that a run needs, checked: nothing in it refers to files or text still to be read. */
export interface Pipeline {
  readonly asks: Asks
  readonly synthesis: Synthesis.Synthesis<unknown> | undefined
  readonly policy: Policy
  readonly concurrency: Research.Concurrency
  readonly context: string | undefined
  /** When asking ends, from its start; the synthesis may end later. */
  readonly deadline: Duration.Input | undefined
}

/** How a run ended. Findings are there whatever happened after them: they are paid. */
export interface Outcome {
  readonly findings: Findings
  /** The synthesis; `undefined` where none was asked for, or it failed. */
  readonly document: Answer<unknown> | undefined
  /** Why the run failed; `undefined` where research counts as done and the synthesis, if any, is there. */
  readonly error: Research.ResearchError | AskError | undefined
  /** What the policy misses where deadline or budget ended asking: research counts as done with what is there. */
  readonly shortfall: Research.ResearchError | undefined
}

/**
 * Runs a pipeline to its end. It never fails: the outcome holds what was finished, and the error. Where it is
 * interrupted, `onInterrupt` gets what was finished until then.
 */
export const run = Effect.fn("Pipeline.run")(function* (
  pipeline: Pipeline,
  onInterrupt: (unfinished: Outcome) => Effect.Effect<unknown> = () => Effect.void
): Effect.fn.Return<Outcome, never, Claude> {
  const { asks, concurrency, context, deadline, policy, synthesis } = pipeline
  const ended = { document: undefined, error: undefined, shortfall: undefined }
  const leave = (findings: Findings) => onInterrupt({ ...ended, findings })
  const options = { policy, concurrency, context, deadline, onInterrupt: leave }
  const planned = synthesis === undefined ? {} : { synthesis: Synthesis.planned(synthesis, asks, yield* Price.Stated) }
  const research = Effect.updateService(Research.run(asks, options), Call.Current, (call) => ({ ...call, ...planned }))
  const researched = yield* Effect.result(research)
  const shortfall = Result.isFailure(researched) ? researched.failure : undefined
  const findings: Findings = Result.isSuccess(researched) ? researched.success : researched.failure.findings
  if (shortfall !== undefined && !canBeFolded(shortfall)) return { ...ended, findings, error: shortfall }
  if (synthesis === undefined) return { ...ended, findings, shortfall }
  const folded = yield* Effect.result(Effect.onInterrupt(synthesis.answer(findings), () => leave(findings)))
  return Result.isSuccess(folded)
    ? { ...ended, findings, shortfall, document: folded.success }
    : { ...ended, findings, shortfall, error: folded.failure }
})

/** Where asking was ended from outside, what is there is folded whatever the policy wanted. */
const canBeFolded = ({ endedBy, findings: { findings, gaps } }: Research.ResearchError): boolean =>
  endedBy !== undefined && gaps.length < findings.length

/** Research, then synthesis: what a plan, the command line and `fanfold/promise` all run. */
import { Clock, Effect, Result, type Scope } from "effect"
import { type Answer, resolve } from "./Ask.ts"
import type { AskError } from "../claude/AskError.ts"
import * as Call from "../claude/Call.ts"
import { Claude } from "../claude/Claude.ts"
import type { Context } from "../claude/Document.ts"
import { disagreementOf } from "./ComparedAnswers.ts"
import * as Deadline from "./Deadline.ts"
import * as DeadlineOption from "./DeadlineOption.ts"
import type { Asks, Findings } from "./Findings.ts"
import * as Interventions from "../interventions/Interventions.ts"
import type { Policy } from "../options/Policy.ts"
import * as Price from "../claude/Price.ts"
import * as RaisedDeadline from "./RaisedDeadline.ts"
import * as RefusalPolicy from "../claude/RefusalPolicy.ts"
import * as Research from "./Research.ts"
import * as Synthesis from "./Synthesis.ts"
import { withText } from "./TextStream.ts"

/** A checked run: its asks, synthesis and options, with all files read. */
export interface Pipeline {
  readonly asks: Asks
  readonly synthesis: Synthesis.Synthesis<unknown> | undefined
  readonly policy: Policy
  readonly concurrency: Research.Concurrency
  readonly context: Context | undefined
  /** Ends the asks, and where it has `all` the synthesis too; counted from the start of the research. */
  readonly deadline: DeadlineOption.Given | undefined
}

/** How a run ended. It has the findings, which are paid, also where a later step failed. */
export interface Outcome {
  readonly findings: Findings
  /** The synthesis; `undefined` where there is none, or it failed. */
  readonly document: Answer<unknown> | undefined
  /** Why the run failed; `undefined` where the policy was met, or asking was ended, and the synthesis, if any, is there. */
  readonly error: Research.ResearchError | AskError | undefined
  /** The answers that the policy misses where deadline, budget or the user ended the asks, and the synthesis was made all the same. */
  readonly shortfall: Research.ResearchError | undefined
  /** Why the answers do not agree, where the synthesis, which was made all the same, has `contradictions: fail`. */
  readonly disagreement?: AskError | undefined
}

/**
 * Runs a pipeline to its end. It never fails: the outcome has the findings there are, and the error. Where it is interrupted,
 * `onInterrupt` is run with the findings until then. `onText` is called with the deltas of the synthesis's text.
 */
export const run = Effect.fn("Pipeline.run")(function* (
  pipeline: Pipeline,
  onInterrupt: (unfinished: Outcome) => Effect.Effect<unknown> = () => Effect.void,
  onText?: (text: string) => void
): Effect.fn.Return<Outcome, never, Claude | Scope.Scope> {
  const { asks, concurrency, context, policy, synthesis } = pipeline
  const { all, asking: deadline } = DeadlineOption.limitsOf(pipeline.deadline)
  const now = yield* Clock.currentTimeMillis
  const [asking, end] = [deadline, all].map((limit) =>
    limit === undefined ? undefined : new Deadline.Deadline(limit, now)
  )
  const interventions = yield* Interventions.Current
  if (interventions !== undefined) {
    yield* interventions.open
    if (asking !== undefined) yield* RaisedDeadline.offer(interventions, { asking, all: end })
  }
  const ended = { document: undefined, error: undefined, shortfall: undefined }
  const leave = (findings: Findings) => onInterrupt({ ...ended, findings })
  const options = { policy, concurrency, context, deadline, onInterrupt: leave }
  const planned =
    synthesis === undefined
      ? {}
      : {
          synthesis: Synthesis.planned(synthesis, asks, yield* Price.Overrides, yield* RefusalPolicy.Current)
        }
  // A budget that several processes share tells the synthesis, too, what of it are answers.
  const withPlanned = Effect.updateService(Call.Current, (call) => ({ ...call, ...planned }))
  const research = Effect.provideService(withPlanned(Research.run(asks, options)), Deadline.Given, asking)
  const researched = yield* Effect.result(research)
  const shortfall = Result.isFailure(researched) ? researched.failure : undefined
  const findings: Findings = Result.isSuccess(researched) ? researched.success : researched.failure.findings
  if (shortfall !== undefined && !canBeFolded(shortfall)) return { ...ended, findings, error: shortfall }
  if (synthesis === undefined) return { ...ended, findings, shortfall }
  // Not `synthesis.answer`, as the Effect of a synthesis that another copy of Effect made cannot be run here; its data can.
  const resolved = resolve(synthesis(findings))
  const bounded = end === undefined ? resolved : Effect.updateService(resolved, Claude, (claude) => end.around(claude))
  const answer = withPlanned(onText === undefined ? bounded : withText(onText)(bounded))
  const document = yield* Effect.result(Effect.onInterrupt(answer, () => leave(findings)))
  return Result.isSuccess(document)
    ? {
        ...ended,
        findings,
        shortfall,
        document: document.success,
        disagreement: disagreementOf(synthesis.fold.contradictions === "fail" ? "fail" : "warn", document.success)
      }
    : { ...ended, findings, shortfall, error: document.failure }
}, Effect.scoped)

/** Whether deadline, budget or the user ended the asks with some answers there: these are folded under every policy. */
const canBeFolded = ({ endedBy, findings: { findings, gaps } }: Research.ResearchError): boolean =>
  endedBy !== undefined && gaps.length < findings.length

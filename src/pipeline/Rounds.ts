/** The rounds after the first: what the findings leave open is asked, and joins the findings. */
import { type Duration, Effect, Result } from "effect"
import type { AskError } from "../claude/AskError.ts"
import * as Call from "../claude/Call.ts"
import type { Claude } from "../claude/Claude.ts"
import * as Event from "../claude/Event.ts"
import { Defaults } from "./AskOptions.ts"
import * as Deadline from "./Deadline.ts"
import { type Asks, endedBy, type Findings, isGap } from "./Findings.ts"
import * as Folding from "./Folding.ts"
import * as OpenQuestions from "./OpenQuestions.ts"
import * as Research from "./Research.ts"
import type { Rounds } from "./RoundsOption.ts"
import * as RunAsk from "./RunAsk.ts"
import type { Synthesis } from "./Synthesis.ts"

/** What all rounds of a run have in common. */
export interface Common {
  readonly asks: Asks
  readonly synthesis: Synthesis<unknown>
  readonly rounds: Rounds
  readonly concurrency: Research.Concurrency
  readonly context: Research.Options["context"]
  readonly deadline: Duration.Input | undefined
  readonly asking: Deadline.Deadline | undefined
  /** Run with the findings until then, where a round is interrupted. */
  readonly onInterrupt: (findings: Findings) => Effect.Effect<unknown>
}

/**
 * The findings with those of further rounds. A round that fails, or brings no answer, ends them, and leaves the findings before it;
 * `RoundFailed` says why.
 */
export const further = Effect.fnUntraced(function* (
  common: Common,
  first: Findings
): Effect.fn.Return<Findings, never, Claude> {
  let findings = first
  for (let round = 2; round <= common.rounds.count; round++) {
    const next = yield* inRun(one(common, findings, round), findings.run)
    if (next === undefined) return findings
    findings = next
  }
  return findings
})

/** The calls of a round have the run of the findings, which may be one that the research has made. */
const inRun = <A, E, R>(effect: Effect.Effect<A, E, R>, run: string): Effect.Effect<A, E, R> =>
  Effect.updateService(effect, Call.Current, (call) => ({ ...call, run, ask: "", part: "ask" as const }))

/** `undefined` where there is nothing more to ask, or no answer to it. */
const one = Effect.fnUntraced(function* (
  common: Common,
  findings: Findings,
  round: number
): Effect.fn.Return<Findings | undefined, never, Claude> {
  const { asks, asking, concurrency, context, deadline, onInterrupt, rounds, synthesis } = common
  const failed = (reason: string, message: string) =>
    Effect.as(Event.emit({ _tag: "RoundFailed", round, reason, message }), undefined)
  const ending = endedBy(findings)
  if (ending !== undefined) return yield* failed(ending, `the ${ending} has ended asking`)
  if (findings.gaps.some(({ outcome }) => outcome._tag === "Interrupted" && findings.policy === "best-effort"))
    return yield* failed("stop", "asking was stopped")
  const { instruction } = synthesis
  const subject = { instruction, model: synthesis.options.model, maxNewAsks: rounds.maxNewAsks }
  if (Folding.make(OpenQuestions.instructionOf(subject), findings, synthesis.limits) !== undefined) {
    return yield* failed("Unfoldable", "the findings are more than one request holds")
  }
  const looking = RunAsk.resolve(
    { ...OpenQuestions.askOf(subject, findings), round },
    undefined,
    OpenQuestions.callName(round)
  )
  const looked = yield* Effect.result(
    Effect.onInterrupt(Effect.provideService(looking, Defaults, {}), () => onInterrupt(findings))
  )
  if (Result.isFailure(looked)) return yield* failedBy(failed, looked.failure)
  const asked = findings.findings.map(({ name, question }) => ({ name, question }))
  const options = OpenQuestions.sharedOptions(asks)
  const newAsks = OpenQuestions.newAsks(looked.success.value, { round, maxNewAsks: rounds.maxNewAsks }, asked, options)
  const names = Object.keys(newAsks)
  yield* Event.emit({ _tag: "RoundPlanned", round, asks: names })
  if (names.length === 0) return undefined
  const research = Research.run(newAsks, {
    policy: "best-effort",
    concurrency,
    context,
    deadline,
    onInterrupt: (more) => onInterrupt(joined(findings, more))
  })
  const found = yield* Effect.result(Effect.provideService(research, Deadline.Given, asking))
  const more: Findings = Result.isSuccess(found) ? found.success : found.failure.findings
  if (more.gaps.length < more.findings.length) return joined(findings, more)
  const [gap] = more.gaps
  return gap?.outcome._tag === "Failed"
    ? yield* failedBy(failed, gap.outcome.error)
    : yield* failed("stop", "asking was stopped")
})

const failedBy = (
  failed: (reason: string, message: string) => Effect.Effect<undefined>,
  { message, reason }: AskError
): Effect.Effect<undefined> => failed(reason._tag, message)

/** The findings of both, in this order. The answers of a list stay as they are, as their types have no place for more. */
const joined = (first: Findings, more: Findings): Findings => {
  const before = first.findings.length
  const findings = [
    ...first.findings,
    ...more.findings.map((finding) => ({ ...finding, index: before + finding.index }))
  ]
  return {
    ...first,
    answers: Array.isArray(first.answers) ? first.answers : { ...first.answers, ...more.answers },
    findings,
    gaps: findings.filter(isGap),
    durationMillis: first.durationMillis + more.durationMillis
  }
}

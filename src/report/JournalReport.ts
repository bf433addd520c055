/** The report of a run that a journal has, ended or not, made of its events and replies. */
import type { Event } from "../claude/Event.ts"
import { sourcesOf, textOf } from "../claude/Message.ts"
import { type RunSummary, simulated } from "../journal/Journal.ts"
import type { Replied } from "../journal/Replies.ts"
import { version, type Report } from "./Report.ts"
import { answersNeeded, type Policy } from "../options/Policy.ts"
import { hashOf } from "../pipeline/CitedAnswer.ts"
import * as RunBreakdown from "./RunBreakdown.ts"
import type { RunState } from "./RunState.ts"
import { RunView } from "./RunView.ts"
import type { RunResult } from "./RunResult.ts"
import type { Answer, View } from "./View.ts"
import * as VotedReplies from "./VotedReplies.ts"

/** What is in the journal of one run. */
export interface Kept {
  readonly summary: RunSummary
  readonly events: ReadonlyArray<Event>
  readonly replies: ReadonlyArray<Replied>
}

/** `again`: how its gaps are asked again. `now`: how far what has not ended has come, in epoch milliseconds. */
export const make = ({ events, replies, summary }: Kept, again: View["again"], now: number): RunResult => {
  const view = new RunView()
  for (const event of events) view.add(event)
  const { state } = view
  const isSimulated = summary.source === simulated
  const voted = new Map(state.asks.map(({ name, voted }) => [name, voted]))
  const answers = new Map(
    VotedReplies.joined(replies, (ask) => voted.get(ask)).flatMap((replied) =>
      replied.part === "ask" ? [[replied.ask, replied] as const] : []
    )
  )
  const answered = state.asks.flatMap(({ name, status }) => {
    const replied = status === "answered" ? answers.get(name) : undefined
    if (replied === undefined) return []
    const { agreement, reply } = replied
    return [{ name, value: valueOf(replied), sources: sourcesOf(reply), agreement }]
  })
  const agreements = answered.flatMap(({ agreement, name }) =>
    agreement === undefined ? [] : [[name, agreement] as const]
  )
  const { synthesis } = state
  const folded =
    synthesis?.status === "answered"
      ? replies.findLast(({ ask, part }) => part === "synthesis" && ask === "synthesis")
      : undefined
  const document = folded === undefined ? null : valueOf(delivered(folded, synthesis?.cited?.sha256))
  const started = events.find((event) => event._tag === "ResearchStarted")
  const error =
    synthesis?.status === "failed"
      ? (synthesis.message ?? null)
      : summary.end === undefined && events.some(({ _tag }) => _tag === "ResearchEnded")
        ? shortfallOf(state, started?.policy ?? "best-effort")
        : null
  const report: Report = {
    version,
    simulated: isSimulated,
    run: summary.id,
    policy: started?.policy ?? "best-effort",
    deadlineMillis: null,
    document,
    questions: Object.fromEntries(state.asks.map(({ name, question }) => [name, question])),
    answers: Object.fromEntries(answered.map(({ name, value }) => [name, value])),
    gaps: state.asks.flatMap(({ message, name, question, reason, status }) => {
      if (status === "answered") return []
      return status === "failed"
        ? [{ name, question, reason: reason ?? "Failed", message: message ?? "" }]
        : [{ name, question, reason: "Interrupted", message: "stopped before it was answered" }]
    }),
    sources: Object.fromEntries(answered.flatMap(({ name, sources }) => (sources.length > 0 ? [[name, sources]] : []))),
    ...(agreements.length > 0 && { agreements: Object.fromEntries(agreements) }),
    error,
    ...(state.rounds.length > 0 && { rounds: state.rounds }),
    usage: state.usage,
    estimatedCostUsd: state.costUsd ?? null,
    foreseenCostUsd: null,
    durationMillis: state.durationMillis,
    spent: RunBreakdown.of(state),
    ...(state.contradictions.length > 0 && { contradictions: state.contradictions }),
    ...(state.uncompared.length > 0 && { uncompared: state.uncompared }),
    ...(state.interventions.length > 0 && {
      interventions: state.interventions.map(({ at, intervention }) => ({ at, intervention }))
    })
  }
  const { end, isLive, plan } = summary
  const about = {
    plan,
    state: end ?? (isLive ? ("under way" as const) : ("unfinished" as const)),
    simulated: isSimulated,
    error,
    again: isLive ? null : again,
    foreseenCostUsd: null,
    document,
    isFromJournal: true,
    ...(isLive && { now })
  }
  const isUnfinished = about.state === "unfinished"
  return {
    report,
    ...(isUnfinished && { unfinished: { again: again?.command ?? undefined } }),
    view: () => ({ ...view.data(about), run: summary.id })
  }
}

/** As a page shows it. */
export const answerOf = (replied: Replied): Answer => ({ value: valueOf(replied), sources: sourcesOf(replied.reply) })

/** Null where there were as many answers as the policy needs. */
const shortfallOf = ({ answered, total }: RunState, policy: Policy): string | null => {
  const needed = answersNeeded(policy, total)
  return answered < needed ? `${answered} of ${total} asks answered, ${needed} needed` : null
}

/** A document that was asked for again, as its marks are wrong, is the one of its replies with the hash that the run has kept. */
const delivered = (last: Replied, sha256: string | undefined): Replied => {
  const reply =
    sha256 === undefined ? undefined : last.earlier?.findLast((earlier) => hashOf(textOf(earlier)) === sha256)
  return reply === undefined || hashOf(textOf(last.reply)) === sha256 ? last : { ...last, reply }
}

const valueOf = ({ isStructured, reply }: Replied): unknown =>
  isStructured ? VotedReplies.jsonOf(reply) : textOf(reply)

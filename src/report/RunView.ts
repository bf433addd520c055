/** Folds the events of a run into what its page shows. */
import { type Event, isBatchEvent, isRoundEvent } from "../claude/Event.ts"
import { addUsage, noUsage, type Usage } from "../claude/Message.ts"
import { agreementText } from "../pipeline/Agreement.ts"
import { adviceOf } from "./Advice.ts"
import * as AskState from "./AskState.ts"
import { HeldBy } from "./HeldBy.ts"
import { Phases } from "./Phases.ts"
import * as RunBreakdown from "./RunBreakdown.ts"
import { RunState } from "./RunState.ts"
import { type Bar, type GapGroup, type LostFold, type ModelCost, type Row, version, type View } from "./View.ts"

/** What of a run is no event: what it is of, how it stands, and what it brought. */
export interface About {
  readonly plan: string
  readonly state: View["state"]
  readonly simulated: boolean
  readonly error: string | null
  readonly again: View["again"]
  readonly foreseenCostUsd: number | null
  readonly document: unknown
  readonly limits?: View["limits"]
  readonly isFromJournal?: boolean
  /** How far the bars of asks that have not ended reach, in epoch milliseconds; default: to the latest event. */
  readonly now?: number
}

interface Cost {
  replies: number
  usage: Usage
  usd: number | undefined
}

export class RunView {
  readonly state = new RunState()
  readonly #phases = new Map<string, Phases>()
  readonly #heldBy = new HeldBy()
  readonly #costs = new Map<string, Cost>()
  #run = ""
  #policy: View["policy"] = null
  #concurrency: View["concurrency"] = null
  #at = 0

  add(event: Event): void {
    this.state.add(event)
    if (this.#run === "") this.#run = event.run
    if (event._tag === "Configured") return
    this.#at = event.at
    this.#heldBy.add(event)
    if (
      isBatchEvent(event) ||
      isRoundEvent(event) ||
      event._tag === "ResearchEnded" ||
      event._tag === "Intervened" ||
      event._tag === "Contradicted"
    )
      return
    if (event._tag === "ResearchStarted") {
      this.#policy = event.policy
      this.#concurrency = event.concurrency
      for (const { name } of event.asks) this.#phasesOf(`ask ${name}`, event.at)
      return
    }
    this.#phasesOf(`${event.part} ${event.ask}`, event.at).add(event)
    const payment = AskState.paymentOf(event)
    if (payment !== undefined) this.#pay(payment)
  }

  #phasesOf(key: string, at: number): Phases {
    const known = this.#phases.get(key) ?? new Phases(at)
    this.#phases.set(key, known)
    return known
  }

  #pay({ costUsd, model, usage }: AskState.Payment): void {
    const cost = this.#costs.get(model) ?? { replies: 0, usage: noUsage, usd: 0 }
    cost.replies++
    cost.usage = addUsage(cost.usage, usage)
    cost.usd = cost.usd === undefined || costUsd === undefined ? undefined : cost.usd + costUsd
    this.#costs.set(model, cost)
  }

  data(about: About): View {
    const { state } = this
    const gaps = gapsOf(state.asks)
    const lostFolds = about.document !== null || about.state === "under way" ? lostFoldsOf(state) : []
    const isComplete = gaps.length === 0 && lostFolds.length === 0 && about.error === null && about.state === "ended"
    const startedAt = state.startedAt ?? 0
    const now = about.now ?? this.#at
    const heldBy = this.#heldBy.of(() => [...this.#phases.values()].flatMap((phases) => phases.until(now)))
    const rowOf = (ask: Readonly<AskState.AskState>): Row => this.#row(ask, startedAt, now)
    const { now: _now, ...rest } = about
    return {
      version,
      run: this.#run,
      limits: [],
      ...rest,
      startedAt,
      durationMillis: now - startedAt,
      researchMillis: state.researchMillis,
      policy: this.#policy,
      concurrency: this.#concurrency,
      ...(state.settings !== undefined && { settings: state.settings }),
      usage: state.usage,
      estimatedCostUsd: state.costUsd ?? null,
      savedUsd: state.savedUsd ?? null,
      models: [...this.#costs].map(([model, { replies, usage, usd }]): ModelCost => ({
        model,
        replies,
        usage,
        estimatedCostUsd: usd ?? null
      })),
      ...(heldBy !== undefined && { heldBy }),
      gaps,
      ...(lostFolds.length > 0 && { lostFolds }),
      again: isComplete ? null : about.again,
      asks: state.asks.map(rowOf),
      synthesis: state.synthesis === undefined ? null : rowOf(state.synthesis),
      ...(state.contradictions.length > 0 && { contradictions: state.contradictions }),
      ...(state.uncompared.length > 0 && { uncompared: state.uncompared }),
      ...(state.rounds.length > 0 && { rounds: state.rounds }),
      ...(state.interventions.length > 0 && {
        interventions: state.interventions.map(({ at, intervention }) => ({ at: at - startedAt, intervention }))
      })
    }
  }

  #row(ask: Readonly<AskState.AskState>, startedAt: number, now: number): Row {
    const { message, name, part, question, reason, status, voted, worker = null } = ask
    const stretches = this.#phases.get(`${part} ${name}`)?.until(now) ?? []
    const isGap = status !== "answered"
    return {
      name,
      question,
      status,
      ...RunBreakdown.partOf(ask),
      reason: (isGap ? reason : undefined) ?? null,
      message: (isGap ? message : undefined) ?? null,
      worker,
      ...(voted !== undefined && { votes: agreementText(voted) }),
      bars: stretches.map(({ from, phase, to }): Bar => [phase, from - startedAt, to - from])
    }
  }
}

const lostFoldsOf = ({ folds }: RunState): ReadonlyArray<LostFold> =>
  folds.flatMap(({ fold, message, name, reason, status }) => {
    if (status !== "failed" && status !== "interrupted") return []
    const why =
      status === "failed"
        ? { reason: reason ?? "Failed", message: message ?? "" }
        : { reason: "Interrupted", message: "stopped" }
    return [{ name, ...why, asks: fold?.asks ?? [] }]
  })

/** Of asks without an answer; those that were stopped, or have not ended, have no error of their own. */
const gapsOf = (asks: ReadonlyArray<Readonly<AskState.AskState>>): ReadonlyArray<GapGroup> => {
  const groups = new Map<string, { reason: string; message: string; names: Array<string> }>()
  for (const { dispatches, message = "", name, reason: given, status } of asks) {
    if (status === "answered") continue
    const reason =
      status === "failed"
        ? (given ?? "Failed")
        : status === "interrupted"
          ? "Interrupted"
          : dispatches === 0
            ? "NotAsked"
            : "NotAnswered"
    // One reason may have several limits, each with its advice.
    const key = `${reason} ${status === "failed" ? adviceOf(reason, message).why : ""}`
    const group = groups.get(key) ?? { reason, message: status === "failed" ? message : "", names: [] }
    group.names.push(name)
    groups.set(key, group)
  }
  return [...groups.values()].toSorted((a, b) => b.names.length - a.names.length)
}

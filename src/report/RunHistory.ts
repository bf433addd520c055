/** What a journal says of its runs, as data. All but their end is folded from their events. */
import { Schema, Struct } from "effect"
import { BatchCounts, Configured, type Event } from "../claude/Event.ts"
import { Intervention } from "../claude/Intervention.ts"
import type { RunSummary } from "../journal/Journal.ts"
import type { AskState } from "./AskState.ts"
import type { BatchState } from "./BatchState.ts"
import * as RunBreakdown from "./RunBreakdown.ts"
import * as RunState from "./RunState.ts"

/** Increased when a change of shape would make an existing reader misread it. */
export const version = 1

/**
 * `unfinished`: it failed, was interrupted or killed, and the next run of its plan goes on with it; `resumed`: one has;
 * `under way`: a process has it open.
 */
const State = Schema.Literals(["ended", "resumed", "unfinished", "under way"])

export const Run = Schema.Struct({
  id: Schema.String,
  /** The path of the plan; empty for a program. */
  plan: Schema.String,
  /** Who answered: a base URL, `simulated`, or `fetch` for a program's own. */
  source: Schema.String,
  state: State,
  /** When it began, in epoch milliseconds. */
  startedAt: Schema.Finite,
  /** From its first event to its latest. */
  durationMillis: Schema.Finite,
  /** How many asks it has, without the synthesis; of a program that has no research, how many requests. */
  asks: Schema.Int,
  answered: Schema.Int,
  failed: Schema.Int,
  /** How many of `answered` are answers of earlier runs. */
  reused: Schema.Int,
  /** Null if a model has no known price, or a usage is incomplete. What was reused cost nothing. */
  estimatedCostUsd: Schema.NullOr(Schema.Finite)
})
export interface Run extends Schema.Schema.Type<typeof Run> {}

/** `message`: why it has no answer. */
export const AskRecord = Schema.Struct({
  name: Schema.String,
  question: Schema.String,
  status: Schema.Literals(["waiting", "asking", "answering", "retrying", "answered", "failed", "interrupted"]),
  ...RunBreakdown.Part.fields,
  /** Requests that left and whose end is not known: they may have been paid. */
  inFlight: Schema.Int,
  reason: Schema.NullOr(Schema.String),
  message: Schema.NullOr(Schema.String)
})
export interface AskRecord extends Schema.Schema.Type<typeof AskRecord> {}

/** `expiresAt`: epoch milliseconds. `failure`: the calls that failed last, in a row since then; absent where the API answered. */
const BatchRecord = Schema.Struct({
  id: Schema.String,
  counts: BatchCounts,
  expiresAt: Schema.Finite,
  isCanceling: Schema.Boolean,
  isEnded: Schema.Boolean,
  failure: Schema.optionalKey(Schema.Struct({ since: Schema.Finite, message: Schema.String }))
})

/** `journal`: its place; null where there is none. */
const place = { version: Schema.Literal(version), journal: Schema.NullOr(Schema.String) }

/** What `fanfold runs --json` prints: the latest first. `more`: how many older runs there are. */
export const Listing = Schema.Struct({ ...place, bytes: Schema.Int, runs: Schema.Array(Run), more: Schema.Int })
export interface Listing extends Schema.Schema.Type<typeof Listing> {}

/** What `fanfold runs show RUN --json` prints. */
export const Details = Schema.Struct({
  ...place,
  run: Run,
  /** What was typed to begin it, where, and the files that it writes; absent of a program, and of runs of an older fanfold. */
  begun: Schema.optionalKey(Schema.Struct(Struct.pick(Configured.fields, ["folder", "words", "outputs"]))),
  /** Its Message Batches, as it has seen them last; absent where it has none. */
  batches: Schema.optionalKey(Schema.Array(BatchRecord)),
  /** What the user has changed while it was under way, and when, in epoch milliseconds; absent where that is nothing. */
  interventions: Schema.optionalKey(Schema.Array(Schema.Struct({ at: Schema.Finite, intervention: Intervention }))),
  asks: Schema.Array(AskRecord),
  /** The calls that looked for what the findings leave open, where there are any. */
  rounds: Schema.optionalKey(Schema.Array(AskRecord)),
  /** The comparisons of answers, where there are any. */
  comparisons: Schema.optionalKey(Schema.Array(AskRecord)),
  /** The folds below the document, where the synthesis is a tree of them. */
  folds: Schema.optionalKey(Schema.Array(AskRecord)),
  synthesis: Schema.NullOr(AskRecord)
})
export interface Details extends Schema.Schema.Type<typeof Details> {}

const stateOf = ({ end, isLive }: RunSummary): Run["state"] => end ?? (isLive ? "under way" : "unfinished")

/** The batches that a run has left, as far as it has seen. */
export const openBatchesOf = (events: ReadonlyArray<Event>): ReadonlyArray<BatchState> =>
  RunState.of(events).batches.open

export const runOf = (summary: RunSummary, events: ReadonlyArray<Event>): Run =>
  record(summary, events, RunState.of(events))

const record = (summary: RunSummary, events: ReadonlyArray<Event>, state: RunState.RunState): Run => {
  const { at, id, plan, source } = summary
  // Requests of a program without a research all have the same name, so that only the journal can count them.
  const isResearch = events.some(({ _tag }) => _tag === "ResearchStarted")
  const { answered, failed, total: asks } = isResearch ? state : { ...summary, total: summary.entries }
  return {
    id,
    plan,
    source,
    state: stateOf(summary),
    startedAt: at,
    durationMillis: state.durationMillis,
    asks,
    answered,
    failed,
    reused: isResearch ? state.reused : events.filter(({ _tag }) => _tag === "Reused").length,
    estimatedCostUsd: state.costUsd ?? null
  }
}

export const detailsOf = (journal: string, summary: RunSummary, events: ReadonlyArray<Event>): Details => {
  const state = RunState.of(events)
  const { asks, batches, comparisons, folds, interventions, lookings, synthesis } = state
  const begun = events.find((event) => event._tag === "Configured")
  return {
    version,
    journal,
    run: record(summary, events, state),
    ...(begun !== undefined && { begun: Struct.pick(begun, ["folder", "words", "outputs"]) }),
    ...(batches.all.length > 0 && { batches: batches.all.map((batch) => Struct.omit(batch, ["run"])) }),
    ...(interventions.length > 0 && {
      interventions: interventions.map(({ at, intervention }) => ({ at, intervention }))
    }),
    asks: asks.map(askOf),
    ...(lookings.length > 0 && { rounds: lookings.map(askOf) }),
    ...(comparisons.length > 0 && { comparisons: comparisons.map(askOf) }),
    ...(folds.length > 0 && { folds: folds.map(askOf) }),
    synthesis: synthesis === undefined ? null : askOf(synthesis)
  }
}

const askOf = (ask: Readonly<AskState>): AskRecord => {
  const { inFlight, message, name, question, reason, status } = ask
  const isOpenOrFailed = status !== "answered" && status !== "interrupted"
  return {
    name,
    question,
    status,
    ...RunBreakdown.partOf(ask),
    inFlight,
    // That of an attempt that was tried again with success is no reason.
    reason: (isOpenOrFailed ? reason : undefined) ?? null,
    message: (isOpenOrFailed ? message : undefined) ?? null
  }
}

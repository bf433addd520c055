/** What a page shows of a run, as data: the fold of its events that `page/` draws. The page reads it embedded or fetched. */
import { Schema } from "effect"
import { Contradiction } from "../claude/Contradiction.ts"
import { Intervention } from "../claude/Intervention.ts"
import { Source, Usage } from "../claude/Message.ts"
import { Policy } from "../options/Policy.ts"
import { phases } from "./Phases.ts"
import { Part } from "./RunBreakdown.ts"

/** Increased when a change of shape would make an existing reader misread it. */
export const version = 1

/** A stretch of an ask's time: what it was doing, from when, and for how long. Milliseconds, the first from the run's start. */
const Bar = Schema.Tuple([Schema.Literals(phases), Schema.Finite, Schema.Finite])
export type Bar = typeof Bar.Type

/** One ask, or the synthesis. `reason` and `message`: why it has no answer. */
export const Row = Schema.Struct({
  name: Schema.String,
  question: Schema.String,
  status: Schema.Literals(["waiting", "asking", "answering", "retrying", "answered", "failed", "interrupted"]),
  ...Part.fields,
  reason: Schema.NullOr(Schema.String),
  message: Schema.NullOr(Schema.String),
  /** Host and process id of the worker that sent its latest request; null where the run itself did. */
  worker: Schema.NullOr(Schema.String),
  /** How many of its votes agree, in words, once they are counted; absent where it has none. */
  votes: Schema.optionalKey(Schema.String),
  /** In the order of their beginning; those of its second copies (`hedge`) overlap the others. */
  bars: Schema.Array(Bar)
})
export interface Row extends Schema.Schema.Type<typeof Row> {}

/** A round after the first. */
export const Round = Schema.Struct({
  round: Schema.Int,
  asks: Schema.Array(Schema.String),
  message: Schema.NullOr(Schema.String)
})

/** What one model used. */
export const ModelCost = Schema.Struct({
  model: Schema.String,
  replies: Schema.Int,
  usage: Usage,
  /** Null if it has no known price, or a usage is incomplete. */
  estimatedCostUsd: Schema.NullOr(Schema.Finite)
})
export interface ModelCost extends Schema.Schema.Type<typeof ModelCost> {}

/** All gaps that share a reason. */
export const GapGroup = Schema.Struct({
  reason: Schema.String,
  /** Of one of them, as it was reported. */
  message: Schema.String,
  names: Schema.Array(Schema.String)
})
export interface GapGroup extends Schema.Schema.Type<typeof GapGroup> {}

/** A fold without a text: what its asks answered is not in the document. */
export const LostFold = Schema.Struct({
  name: Schema.String,
  reason: Schema.String,
  message: Schema.String,
  asks: Schema.Array(Schema.String)
})
export interface LostFold extends Schema.Schema.Type<typeof LostFold> {}

/** How the gaps are asked again. */
export const Again = Schema.Struct({
  /** What to type; null where that is the command of the run once more, which is not known. */
  command: Schema.NullOr(Schema.String),
  /** Whether the answers are taken from the journal, so that only the gaps are paid. */
  isKept: Schema.Boolean
})
export interface Again extends Schema.Schema.Type<typeof Again> {}

export const View = Schema.Struct({
  version: Schema.Literal(version),
  run: Schema.String,
  /** The path of the plan, or what stands in its place. */
  plan: Schema.String,
  state: Schema.Literals(["ended", "resumed", "unfinished", "under way"]),
  simulated: Schema.Boolean,
  /** Epoch milliseconds. */
  startedAt: Schema.Finite,
  durationMillis: Schema.Finite,
  researchMillis: Schema.Finite,
  policy: Schema.NullOr(Policy),
  concurrency: Schema.NullOr(Schema.Union([Schema.Int, Schema.Literal("unbounded")])),
  /** What the plan and the flags set beside, as text by plan key; absent of a program, and of runs of an older fanfold. */
  settings: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  /** Message of the error that the run failed with. */
  error: Schema.NullOr(Schema.String),
  again: Schema.NullOr(Again),
  usage: Usage,
  estimatedCostUsd: Schema.NullOr(Schema.Finite),
  foreseenCostUsd: Schema.NullOr(Schema.Finite),
  /** What the reused answers would have cost again. */
  savedUsd: Schema.NullOr(Schema.Finite),
  models: Schema.Array(ModelCost),
  /** Made of a journal, which keeps no headers of replies. */
  isFromJournal: Schema.optionalKey(Schema.Boolean),
  /** What the account allows a minute, as the replies of a model reported it. */
  limits: Schema.Array(
    Schema.Struct({
      model: Schema.String,
      requests: Schema.NullOr(Schema.Finite),
      inputTokens: Schema.NullOr(Schema.Finite),
      outputTokens: Schema.NullOr(Schema.Finite)
    })
  ),
  /** What held calls back before they left; absent where it was the account's limits. */
  heldBy: Schema.optionalKey(Schema.Literals(["overloads", "limits and overloads"])),
  gaps: Schema.Array(GapGroup),
  /** Absent where the document has all answers, or there is none. */
  lostFolds: Schema.optionalKey(Schema.Array(LostFold)),
  asks: Schema.Array(Row),
  synthesis: Schema.NullOr(Row),
  /** The synthesis's prose, or the value of its schema; null if there is none. */
  document: Schema.NullOr(Schema.Unknown),
  /** What the answers contradict each other in, and the asks whose answers could not be compared; absent where that is nothing. */
  contradictions: Schema.optionalKey(Schema.Array(Contradiction)),
  uncompared: Schema.optionalKey(Schema.Array(Schema.String)),
  /** The rounds after the first, the asks of each, and why it brought nothing, or null; absent where there are none. */
  rounds: Schema.optionalKey(Schema.Array(Round)),
  /** What the user has changed while the run was under way, `at` milliseconds from its start; absent where that is nothing. */
  interventions: Schema.optionalKey(Schema.Array(Schema.Struct({ at: Schema.Finite, intervention: Intervention })))
})
export interface View extends Schema.Schema.Type<typeof View> {}

/** The answer of an ask: prose, or the value of its schema. `votes`: what its votes agree in, and what the others say. */
export const Answer = Schema.Struct({
  value: Schema.Unknown,
  sources: Schema.Array(Source),
  votes: Schema.optionalKey(Schema.String)
})
export interface Answer extends Schema.Schema.Type<typeof Answer> {}

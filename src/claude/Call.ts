/** On whose behalf a request is sent. It stamps every event and travels with the request, and never changes the answer. */
import { Context, Schema } from "effect"

/** How long a call was held back before it left, in milliseconds: for the prompt cache, and for the account's limits. */
export const Waited = Schema.Struct({
  warm: Schema.optionalKey(Schema.Finite),
  pacing: Schema.optionalKey(Schema.Finite)
})
export interface Waited extends Schema.Schema.Type<typeof Waited> {}

/** One of several votes: the ask that they are of, its number from 1, and how many there are. 0 is the call that joins them. */
export const Vote = Schema.Struct({ of: Schema.String, nth: Schema.Int, count: Schema.Int })
export interface Vote extends Schema.Schema.Type<typeof Vote> {}

export const Call = Schema.Struct({
  /** The run this call belongs to; empty outside of a run. */
  run: Schema.String,
  /** The ask's name, `NAME.N` for one of its votes; `synthesis` for the document, `synthesis.LEVEL.N` for a fold that it is made of. */
  ask: Schema.String,
  part: Schema.Literals(["ask", "synthesis"]),
  /** Level in a tree of folds: the first, which reads answers, is 1. 0 outside of a tree. */
  level: Schema.Int,
  vote: Schema.optionalKey(Vote),
  /** It looks for what the findings leave open, for the round with this number. */
  round: Schema.optionalKey(Schema.Int),
  /** How many asks the run has; each vote counts as one. */
  asks: Schema.Int,
  /** From 1; counts what `Retry` sends for one turn. */
  attempt: Schema.Int,
  /** Limit for the ask with all its tries, where it sets its own. */
  timeoutMillis: Schema.optionalKey(Schema.Finite),
  /** The models that are asked next, in this order, where the request's own is overloaded or missing, or refuses. */
  fallback: Schema.optionalKey(Schema.Array(Schema.String)),
  /** The reply is wanted as a stream, so that its beginning is seen. */
  streamed: Schema.optionalKey(Schema.Boolean),
  /** A second copy of a slow call, which leaves at once or not at all. */
  hedge: Schema.optionalKey(Schema.Boolean),
  /** The ask has ended without an answer in this run, and the user asks it again. */
  again: Schema.optionalKey(Schema.Boolean),
  waited: Schema.optionalKey(Waited),
  /** It goes into a Message Batch, at half the price. */
  batched: Schema.optionalKey(Schema.Boolean),
  /** Answers of the run that the journal has given: the synthesis will read them too. Tokens at most, and bytes of text. */
  reused: Schema.optionalKey(Schema.Struct({ tokens: Schema.Int, bytes: Schema.Int })),
  /** What a fold reads: tokens at most, and bytes of text, of the answers and texts of folds in its request. */
  folded: Schema.optionalKey(Schema.Struct({ tokens: Schema.Int, bytes: Schema.Int })),
  /**
   * The synthesis that follows: its model, the models that may be asked, and paid, in addition after refusals, its most output
   * tokens, uses of tools, and input tokens without any answer; how many findings it has, and what one fold may hold, by which it may
   * become a tree; the models of the folds below the document, where they are others.
   */
  synthesis: Schema.optionalKey(
    Schema.Struct({
      model: Schema.String,
      fallbacks: Schema.optionalKey(Schema.Array(Schema.String)),
      maxTokens: Schema.Int,
      inputTokens: Schema.Int,
      webSearches: Schema.optionalKey(Schema.Int),
      containers: Schema.optionalKey(Schema.Int),
      /** How often its tools let the model read its input, where that is more than once. */
      reads: Schema.optionalKey(Schema.Int),
      findings: Schema.optionalKey(Schema.Int),
      limits: Schema.optionalKey(
        Schema.Struct({
          window: Schema.Finite,
          fanIn: Schema.Finite,
          frame: Schema.Int,
          foldWindow: Schema.optionalKey(Schema.Finite),
          longPrompt: Schema.optionalKey(Schema.Finite)
        })
      ),
      folds: Schema.optionalKey(
        Schema.Struct({ model: Schema.String, fallbacks: Schema.optionalKey(Schema.Array(Schema.String)) })
      )
    })
  )
})
export interface Call extends Schema.Schema.Type<typeof Call> {}

/** The call under way; the default stands for a single ask outside of any run. */
export const Current = Context.Reference<Call>("fanfold/claude/Call/Current", {
  defaultValue: () => ({ run: "", ask: "ask", part: "ask", level: 0, asks: 1, attempt: 1 })
})

/** One execution of an ask: shared by all its turns, so that one limit spans them, and they can be told from those of others. */
export interface Execution {
  /** When its first request left, in epoch milliseconds. */
  firstDispatchAt: number | undefined
}

/** The execution that a request belongs to; each request outside of one is its own. */
export const Execution = Context.Reference<Execution | undefined>("fanfold/claude/Call/Execution", {
  defaultValue: () => undefined
})

/** On whose behalf a request is sent. It stamps every event and travels with the request, and never changes the answer. */
import { Context, Schema } from "effect"

export const Call = Schema.Struct({
  /** The run this call belongs to; empty outside of a run. */
  run: Schema.String,
  /** The ask's name; for a synthesis, `synthesis`. */
  ask: Schema.String,
  part: Schema.Literals(["ask", "synthesis"]),
  /** Level in a tree of syntheses, from 0. */
  level: Schema.Int,
  /** How many asks the run has. */
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
  /**
   * The synthesis that follows: its model, the models that may be asked, and paid, in addition after refusals, its most output
   * tokens, searches, and input tokens without any answer.
   */
  synthesis: Schema.optionalKey(
    Schema.Struct({
      model: Schema.String,
      fallbacks: Schema.optionalKey(Schema.Array(Schema.String)),
      maxTokens: Schema.Int,
      inputTokens: Schema.Int,
      webSearches: Schema.optionalKey(Schema.Int)
    })
  )
})
export interface Call extends Schema.Schema.Type<typeof Call> {}

/** The call under way; the default stands for a single ask outside of any run. */
export const Current = Context.Reference<Call>("fanfold/claude/Call/Current", {
  defaultValue: () => ({ run: "", ask: "ask", part: "ask", level: 0, asks: 1, attempt: 1 })
})

/** When the first request of an ask left, in epoch milliseconds: shared by all its turns, so that one limit spans them. */
export const FirstDispatch = Context.Reference<{ at: number | undefined } | undefined>(
  "fanfold/claude/Call/FirstDispatch",
  {
    defaultValue: () => undefined
  }
)

/** Why answers, or votes, were not joined. */
import { Schema } from "effect"

/** No ask has an answer, so that there is nothing to make a document of; nothing was sent. */
export class NothingToFold extends Schema.TaggedError<NothingToFold>()("NothingToFold", { asks: Schema.Int }) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `none of the ${this.asks} asks has an answer, so there is nothing to fold`
  }
}

/** Findings fit into no window, however they are grouped; nothing of them was sent. */
export class Unfoldable extends Schema.TaggedError<Unfoldable>()("Unfoldable", { detail: Schema.String }) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return this.detail
  }
}

/** Fewer votes of an ask agree than it needs; `fields`: of data, those in which they do not, with how many agree; `answered`: how many votes have an answer, where that is not all. */
export class NoAgreement extends Schema.TaggedError<NoAgreement>()("NoAgreement", {
  votes: Schema.Int,
  agreeing: Schema.Int,
  atLeast: Schema.Int,
  fields: Schema.Record(Schema.String, Schema.Int),
  answered: Schema.optionalKey(Schema.Int)
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    const { agreeing, atLeast, fields, votes } = this
    const counts = Object.entries(fields).map(([field, count]) => `${field} ${count} of ${votes}`)
    const where = counts.length === 0 ? "" : ` (${counts.join(", ")})`
    return `${agreeing} of ${votes} votes agree${where}, at least ${atLeast} are needed: ask more precisely, or lower votes.atLeast`
  }
}

/**
 * Answers contradict each other, or could not be compared, and the synthesis has `contradictions: fail`. The document is in
 * `partialText`.
 */
export class Contradictory extends Schema.TaggedError<Contradictory>()("Contradictory", {
  contradictions: Schema.Array(Schema.String),
  uncompared: Schema.Array(Schema.String)
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    const { contradictions, uncompared } = this
    const parts = [
      ...(contradictions.length === 0 ? [] : [`the answers contradict each other: ${contradictions.join("; ")}`]),
      ...(uncompared.length === 0 ? [] : [`not compared: ${uncompared.join(", ")}`])
    ]
    return parts.join("; ")
  }
}

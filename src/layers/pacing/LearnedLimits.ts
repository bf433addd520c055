/** What a run learned of an account's limits, so that the next one begins with it, until a response tells more. */
import { Context, type Effect, Schema } from "effect"

const Amount = Schema.Finite.check(Schema.isBetween({ minimum: 1, maximum: 1e12 }))

/**
 * `limit` is a minute's worth, as the headers tell. `burst`: the most that may leave at once, where that is less.
 * `isHidden`: it is less than the headers tell.
 */
const Found = Schema.Struct({
  limit: Amount,
  burst: Schema.optional(Amount),
  isHidden: Schema.optional(Schema.Boolean)
})
export interface Found extends Schema.Schema.Type<typeof Found> {}

/** What is known of a model class; `trial`: the requests that were seen to pass, where no header tells a limit. */
const Learned = Schema.Struct({
  requests: Schema.optional(Found),
  input: Schema.optional(Found),
  output: Schema.optional(Found),
  trial: Schema.optional(Found)
})
export interface Learned extends Schema.Schema.Type<typeof Learned> {}

/** `learnedAt` is in epoch milliseconds. */
export const Remembered = Schema.Struct({ version: Schema.Literal(1), learnedAt: Schema.Finite, ...Learned.fields })
export interface Remembered extends Schema.Schema.Type<typeof Remembered> {}

/** Where it is kept, by model class. A memory that fails remembers nothing, and fails no call. */
export interface LearnedLimits {
  readonly recall: (modelClass: string) => Effect.Effect<Remembered | undefined>
  readonly keep: (modelClass: string, remembered: Remembered) => Effect.Effect<void>
}

/** The memory of the account that calls go to; none unless `Stack` or a test gives one. */
export const LearnedLimits = Context.Reference<LearnedLimits | undefined>("fanfold/layers/pacing/LearnedLimits", {
  defaultValue: () => undefined
})

const dayMillis = 86_400_000

/** An account is moved to another tier on some day; most runs that need to know its limits follow each other within one. */
const freshMillis = dayMillis

/** What nobody asked for within a month is worth no more than knowing nothing. */
const longestMillis = 30 * dayMillis

/** How much of what may leave at once is used to begin with: all, half of what is older than a day, nothing after 30 days. */
export const trustIn = ({ learnedAt }: Remembered, now: number): number => {
  // Another clock may go ahead of this one, but not by a day.
  const age = Math.abs(now - learnedAt)
  return age <= freshMillis ? 1 : age <= longestMillis && learnedAt < now ? 1 / 2 : 0
}

/** What is measured, and not told, is the same where it differs by less. */
const noticeable = 0.1

const isNear = (one = 0, other = 0): boolean => Math.abs(one - other) <= noticeable * Math.max(one, other)

const isSame = (one: Found | undefined, other: Found | undefined): boolean =>
  one?.limit === other?.limit && one?.isHidden === other?.isHidden && isNear(one?.burst, other?.burst)

const isAlike = (one: Found | undefined, other: Found | undefined): boolean =>
  isNear(one?.limit, other?.limit) && isNear(one?.burst, other?.burst)

/** Whether what is known now differs noticeably from what is kept. */
export const isNews = (learned: Learned, kept: Learned = {}): boolean =>
  !isAlike(learned.trial, kept.trial) ||
  !isSame(learned.requests, kept.requests) ||
  !isSame(learned.input, kept.input) ||
  !isSame(learned.output, kept.output)

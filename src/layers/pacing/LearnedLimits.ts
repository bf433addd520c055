/** What a run learned of an account's limits, so that the next one begins with it, until a response reports more. */
import { Context, type Effect, Schema } from "effect"

const Amount = Schema.Finite.check(Schema.isBetween({ minimum: 1, maximum: 1e12 }))

/**
 * `limit` is a minute's worth, as the headers report it. `burst`: the most that may leave at once, where that is less.
 * `isHidden`: the headers do not report that burst.
 */
const LearnedLimit = Schema.Struct({
  limit: Amount,
  burst: Schema.optional(Amount),
  isHidden: Schema.optional(Schema.Boolean)
})
export interface LearnedLimit extends Schema.Schema.Type<typeof LearnedLimit> {}

/** What is known of a model class; `trial`: the requests that were seen to be accepted, where no header reports a limit. */
export const Learned = Schema.Struct({
  requests: Schema.optional(LearnedLimit),
  input: Schema.optional(LearnedLimit),
  output: Schema.optional(LearnedLimit),
  trial: Schema.optional(LearnedLimit)
})
export interface Learned extends Schema.Schema.Type<typeof Learned> {}

/** `learnedAt` is in epoch milliseconds. */
export const Remembered = Schema.Struct({ version: Schema.Literal(1), learnedAt: Schema.Finite, ...Learned.fields })
export interface Remembered extends Schema.Schema.Type<typeof Remembered> {}

/** Where it is stored, by model class. An error of the storage is logged and fails no call. */
export interface LearnedLimits {
  readonly recall: (modelClass: string) => Effect.Effect<Remembered | undefined>
  readonly keep: (modelClass: string, remembered: Remembered) => Effect.Effect<void>
}

/** The storage of the account that calls go to; none unless `Stack` or a test provides one. */
export const LearnedLimits = Context.Reference<LearnedLimits | undefined>("fanfold/layers/pacing/LearnedLimits", {
  defaultValue: () => undefined
})

const dayMillis = 86_400_000

/** Accounts change their tier at most daily, and most runs on one account follow each other within a day. */
const fullTrustMillis = dayMillis

/** Limits older than a month are likelier to be wrong than right. */
const maxAgeMillis = 30 * dayMillis

/** The share of a remembered burst that may leave at once: all of it, half after a day, none after 30 days. */
export const trustIn = ({ learnedAt }: Remembered, now: number): number => {
  // Another machine's clock may be ahead of this one, but not by a day.
  const age = Math.abs(now - learnedAt)
  return age <= fullTrustMillis ? 1 : age <= maxAgeMillis && learnedAt < now ? 1 / 2 : 0
}

/** Measured values that differ by less are taken for the same. */
const tolerance = 0.1

const isNear = (one = 0, other = 0): boolean => Math.abs(one - other) <= tolerance * Math.max(one, other)

const isSameReported = (one: LearnedLimit | undefined, other: LearnedLimit | undefined): boolean =>
  one?.limit === other?.limit && one?.isHidden === other?.isHidden && isNear(one?.burst, other?.burst)

const isSameMeasured = (one: LearnedLimit | undefined, other: LearnedLimit | undefined): boolean =>
  isNear(one?.limit, other?.limit) && isNear(one?.burst, other?.burst)

/** Whether what is known differs from what is stored by more than a measurement may. */
export const differs = (learned: Learned, stored: Learned = {}): boolean =>
  !isSameMeasured(learned.trial, stored.trial) ||
  !isSameReported(learned.requests, stored.requests) ||
  !isSameReported(learned.input, stored.input) ||
  !isSameReported(learned.output, stored.output)

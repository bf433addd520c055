/** The two kinds of limits that settings are made of, with the words an error uses for them. */
import { Duration, Option, Schema, SchemaTransformation } from "effect"

const wholeNumber = { expected: "a whole number ≥ 1" }

/** A whole number from 1. */
export const PositiveInt = Schema.Number.annotate(wholeNumber).check(
  Schema.isInt(wholeNumber),
  Schema.isGreaterThanOrEqualTo(1, wholeNumber)
)

const time = { expected: 'a time longer than zero, such as "90 seconds"' }

const isTime = (input: unknown): boolean =>
  Option.exists(Duration.fromInput(input as Duration.Input), (duration) => Duration.toMillis(duration) > 0)

/** Such a time as code gives it: `"90 seconds"`, milliseconds, a `Duration`. */
export const PositiveDurationInput = Schema.Unknown.check(Schema.makeFilter(isTime, time))

/** A duration longer than zero, written as `"90 seconds"` or `"2 minutes"`. */
export const PositiveDuration = Schema.String.annotate(time)
  .check(Schema.makeFilter(isTime, time))
  .pipe(Schema.decodeTo(Schema.Duration, SchemaTransformation.durationFromString))

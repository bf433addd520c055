/** The answer format of calls that fanfold makes itself: a schema, and what it cannot express. */
import { Effect, type Schema } from "effect"
import * as AnswerFormat from "../schema/AnswerFormat.ts"
import type { Format } from "./AskData.ts"

/** `problemOf` says what is wrong with a value of the schema, which is asked for again then. */
export const checked = <A>(
  codec: Schema.Codec<A, any>,
  problemOf: (value: A) => string | undefined
): Format<A, never> => {
  const { decode, schema } = AnswerFormat.of(codec) as AnswerFormat.AnswerFormat<A>
  return {
    _tag: "Object",
    schema,
    decode: (json) =>
      Effect.flatMap(decode(json), (value) => {
        const problem = problemOf(value)
        return problem === undefined ? Effect.succeed(value) : Effect.fail(problem)
      })
  }
}

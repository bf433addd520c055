/** The checks of the API's messages accept what a schema of their types accepts, and nothing else. */
import { assert, describe, it } from "@effect/vitest"
import { Option, Schema } from "effect"
import * as fc from "fast-check"
import { Message } from "fanfold"
import { isBlock, isStop, messageOf } from "../../../src/claude/sdk/ReplyMessage.ts"

const Text = Schema.optionalKey(Schema.NullOr(Schema.String))
const stopFields = {
  stop_reason: Text,
  stop_sequence: Text,
  stop_details: Schema.optionalKey(Schema.NullOr(Schema.Struct({ category: Text, explanation: Text })))
}
const ApiMessage = Schema.Struct({
  type: Schema.Literal("message"),
  id: Text,
  model: Text,
  content: Schema.Union([Schema.Array(Message.Block), Schema.String]),
  ...stopFields
})

/** A value that is usually right, else null, missing, or any JSON. */
const usually = <A>(right: fc.Arbitrary<A>): fc.Arbitrary<unknown> =>
  fc.oneof({ arbitrary: right, weight: 40 }, { arbitrary: fc.constantFrom(null, undefined), weight: 2 }, fc.jsonValue())
const record = (fields: Readonly<Record<string, fc.Arbitrary<unknown>>>) => usually(fc.record(fields))

const text = usually(fc.string())
const stop = {
  stop_reason: text,
  stop_sequence: text,
  stop_details: record({ category: text, explanation: text })
}
const block = record({ type: text, text, citations: fc.jsonValue() })
const message = record({
  type: usually(fc.constant("message")),
  id: text,
  model: text,
  content: usually(fc.array(block)),
  ...stop,
  usage: fc.jsonValue()
})

/** What JSON makes of a value. */
const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value) ?? "null")

const agree = (values: fc.Arbitrary<unknown>, schema: Schema.Decoder<unknown>, check: (json: unknown) => boolean) => {
  const decode = Schema.decodeUnknownOption(schema)
  const seen = new Set<boolean>()
  fc.assert(
    fc.property(values, (value) => {
      const json = throughJson(value)
      const isAccepted = Option.isSome(decode(json))
      seen.add(isAccepted)
      assert.strictEqual(check(json), isAccepted)
    }),
    { numRuns: 2000 }
  )
  assert.strictEqual(seen.size, 2, "both outcomes were seen")
}

describe("the check of", () => {
  it("a message agrees with its schema", () => agree(message, ApiMessage, (json) => messageOf(json) !== undefined))
  it("a stop reason agrees with its schema", () => agree(record(stop), Schema.Struct(stopFields), isStop))
  it("a block agrees with its schema", () => agree(block, Message.Block, isBlock))
})

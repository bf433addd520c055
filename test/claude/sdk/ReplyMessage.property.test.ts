/** The checks of the API's messages accept what a schema of their types accepts, and nothing else. */
import { assert, describe, it } from "@effect/vitest"
import { Option, Schema } from "effect"
import * as fc from "fast-check"
import { Message } from "fanfold"
import { isBlock, isStop, isUsage, messageOf } from "../../../src/claude/sdk/ReplyMessage.ts"

const Count = Schema.optionalKey(Schema.NullOr(Schema.Int))
const ApiUsage = Schema.Struct({
  input_tokens: Count,
  cache_creation_input_tokens: Count,
  cache_read_input_tokens: Count,
  output_tokens: Count,
  output_tokens_details: Schema.optionalKey(Schema.NullOr(Schema.Struct({ thinking_tokens: Count }))),
  server_tool_use: Schema.optionalKey(Schema.NullOr(Schema.Struct({ web_search_requests: Count })))
})
const Text = Schema.optionalKey(Schema.NullOr(Schema.String))
const stopFields = {
  stop_reason: Text,
  stop_sequence: Text,
  stop_details: Schema.optionalKey(Schema.NullOr(Schema.Struct({ category: Text, explanation: Text })))
}
const ApiMessage = Schema.Struct({
  type: Schema.Literal("message"),
  id: Schema.String,
  model: Schema.String,
  content: Schema.Array(Message.Block),
  ...stopFields,
  usage: ApiUsage
})

/** A value that is usually right, else null, missing, or any JSON. */
const usually = <A>(right: fc.Arbitrary<A>): fc.Arbitrary<unknown> =>
  fc.oneof({ arbitrary: right, weight: 40 }, { arbitrary: fc.constantFrom(null, undefined), weight: 2 }, fc.jsonValue())
const record = (fields: Readonly<Record<string, fc.Arbitrary<unknown>>>) => usually(fc.record(fields))

const count = usually(fc.oneof(fc.nat(), fc.constantFrom(-1, 1.5, 2 ** 53)))
const text = usually(fc.string())
const usage = record({
  input_tokens: count,
  cache_creation_input_tokens: count,
  cache_read_input_tokens: count,
  output_tokens: count,
  output_tokens_details: record({ thinking_tokens: count, other: text }),
  server_tool_use: record({ web_search_requests: count }),
  service_tier: text
})
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
  usage
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
  it("a usage agrees with its schema", () => agree(usage, ApiUsage, isUsage))
  it("a stop reason agrees with its schema", () => agree(record(stop), Schema.Struct(stopFields), isStop))
  it("a block agrees with its schema", () => agree(block, Message.Block, isBlock))
})

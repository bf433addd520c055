/** What the journal takes for a reply: all that the schema takes, and nothing else, though it seldom asks the schema. */
import { assert, it } from "@effect/vitest"
import { Schema } from "effect"
import * as fc from "fast-check"
import { Message } from "fanfold"
import { replyOf } from "../../src/journal/Replies.ts"

const isReply = Schema.is(Message.Reply)

const reply = {
  id: "msg_1",
  model: "claude-haiku-5-5",
  content: [{ type: "text", text: "Yes." }],
  stopReason: "end_turn",
  stopSequence: null,
  usage: Message.noUsage,
  headers: {}
}

/** Each is set, or removed where the value is `undefined`. */
const paths = [
  ...[...Object.keys(reply), "requestId", "refusal", "declined", "other"].map((name) => [name]),
  ...[...Object.keys(reply.usage), "isIncomplete", "cacheCreation1hInputTokens", "batch"].map((name) => [
    "usage",
    name
  ]),
  ["content", "0"],
  ["content", "0", "type"],
  ["headers", "retry-after"]
]

const value = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(undefined, null, true, 1, 1.5, "a", {}, [], Message.noUsage, [{ type: "text" }], [{ type: 1 }]),
  fc.constantFrom({ category: null, explanation: "No." }, [{ model: "a", usage: Message.noUsage }], {
    "retry-after": "1"
  })
)

const set = (target: unknown, [name, ...rest]: ReadonlyArray<string>, value: unknown): void => {
  if (typeof target !== "object" || target === null) return
  const object = target as Record<string, unknown>
  if (rest.length === 0) object[name!] = value
  else set(object[name!], rest, value)
}

it("is what the schema of replies takes, whatever is changed in one", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...paths), value), { maxLength: 3 }), (changes) => {
      const changed: unknown = structuredClone(reply)
      for (const [path, value] of changes) set(changed, path, structuredClone(value))
      const json = JSON.stringify(changed)
      const expected: unknown = JSON.parse(json)
      assert.deepStrictEqual(replyOf(json), isReply(expected) ? expected : undefined)
    }),
    { numRuns: 2000 }
  )
})

it("is nothing that is no JSON", () => {
  assert.isUndefined(replyOf("{"))
})

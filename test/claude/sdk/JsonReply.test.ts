/** A plain message as gateways send it: its text is whole, or the reply is an error. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Message } from "fanfold"
import { send } from "../../FakeClaude.ts"
import { message } from "../../Loopback.ts"
import { injected } from "../../RealClient.ts"

const sent = (fields: object) =>
  Effect.provide(
    send(),
    injected(() => Response.json({ ...message("Paris"), ...fields }))
  )

describe("the content of a plain message", () => {
  it.effect.each([
    ["a block of OpenAI's type", { type: "output_text", text: "is", annotations: [] }],
    ["a block `text_delta`", { type: "text_delta", text: "is" }],
    ["a block `input_text`", { type: "input_text", text: "is" }],
    ["a block whose text is an object with its value", { type: "text", text: { value: "is", annotations: [] } }]
  ] as const)("has the text of %s", ([, block]) =>
    Effect.gen(function* () {
      const reply = yield* sent({ content: [{ type: "text", text: "Par" }, block] })
      assert.strictEqual(Message.textOf(reply), "Paris")
    })
  )

  it.effect.each([null, undefined, 5, {}, ["is"], { value: null }])(
    "fails, to be tried again, where the text of a block is %j",
    (text) =>
      Effect.gen(function* () {
        for (const type of ["text", "output_text"]) {
          const error = yield* Effect.flip(
            sent({
              content: [
                { type: "text", text: "Par" },
                { type, text }
              ]
            })
          )
          assert.strictEqual(error.message, "the reply is broken: a text block has no text")
          assert.isTrue(error.isRetryable)
          assert.strictEqual(error.partialText, "Par")
          assert.strictEqual(error.usage?.outputTokens, message("").usage.output_tokens)
        }
      })
  )
})

describe("text in another field of a block", () => {
  it.effect("fails, to be tried again", () =>
    Effect.gen(function* () {
      const other = { type: "text", text: "", content: "is" }
      const error = yield* Effect.flip(sent({ content: [{ type: "text", text: "Par" }, other] }))
      assert.deepInclude(error.reason, { _tag: "BrokenStream" })
      assert.strictEqual(Message.textOf(yield* sent({ content: [{ type: "text", text: "" }] })), "")
    })
  )
})

const page = (): Response =>
  new Response("<!DOCTYPE html><title>Sign in</title>", { headers: { "content-type": "application/json" } })

describe("what is no message of Claude", () => {
  it.effect("is a page that is called JSON, which is not asked for again", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Effect.provide(send(), injected(page)))
      assert.deepInclude(error.reason, { _tag: "NotJson", isForeign: true })
      assert.isFalse(error.isRetryable)
    })
  )

  it.effect("is the question that a server echoes", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(sent({ role: "user" }))
      assert.strictEqual(error.reason._tag, "NotJson")
    })
  )
})

describe("an error beside the content of a plain message", () => {
  it.effect("is the error of the call, which keeps what was paid and written", () =>
    Effect.gen(function* () {
      const broken = yield* Effect.flip(sent({ error: { type: "overloaded_error", message: "busy" } }))
      assert.deepInclude(broken.reason, { _tag: "Overloaded", detail: "busy" })
      assert.strictEqual(broken.partialText, "Paris")
      assert.strictEqual(broken.usage?.outputTokens, message("").usage.output_tokens)
      const said = yield* Effect.flip(sent({ error: "upstream went away" }))
      assert.deepInclude(said.reason, { _tag: "ServerError", detail: "upstream went away" })
      assert.isTrue(said.isRetryable)
    })
  )

  it.effect("is none where it says nothing", () =>
    Effect.gen(function* () {
      for (const error of [null, {}, { code: null, message: null }, "", false]) {
        assert.strictEqual(Message.textOf(yield* sent({ error })), "Paris")
      }
    })
  )
})

/** Stop reasons of other APIs mean what those of the Messages API mean, whether the reply is streamed or not. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Ask, Message } from "fanfold"
import { recorder, send } from "../../FakeClaude.ts"
import { begun, message, stopped } from "../../Loopback.ts"
import { injected, type Mode, modes, listening, streamed } from "../../RealClient.ts"
import { end, write } from "./Streams.ts"

const style = { named: true, ending: "\n", comments: false, isPretty: false } as const

const plain = (reason: string | null) => injected(() => Response.json({ ...message("Par"), stop_reason: reason }))

const sent = (mode: Mode, reason: string | null) =>
  mode === "stream"
    ? streamed(begun + write(end(reason), style) + stopped)
    : Effect.provide(listening(mode)(send()), plain(reason))

describe("the stop reason of a reply", () => {
  const reasons: ReadonlyArray<readonly [given: string, expected: string | null]> = [
    ["stop", "end_turn"],
    ["STOP", "end_turn"],
    ["COMPLETE", "end_turn"],
    ["END_TURN", "end_turn"],
    ["length", "max_tokens"],
    ["MAX_TOKENS", "max_tokens"],
    ["max-tokens", "max_tokens"],
    ["model_length", "model_context_window_exceeded"],
    ["tool_calls", "tool_use"],
    ["content_filter", "refusal"],
    ["content-filter", "refusal"],
    ["SAFETY", "refusal"],
    ["max_length", "max_tokens"],
    ["max_output_tokens", "max_tokens"],
    ["max_new_tokens", "max_tokens"],
    ["incomplete", "max_tokens"],
    ["context_length_exceeded", "model_context_window_exceeded"],
    ["TOKEN_LIMIT", "max_tokens"],
    ["None", null],
    ["null", null],
    ["of_the_future", "of_the_future"],
    ["constructor", "constructor"]
  ]
  it.effect.each(reasons)("%s is %s", ([given, expected]) =>
    Effect.gen(function* () {
      for (const mode of modes) {
        const reply = yield* sent(mode, given)
        assert.strictEqual(reply.stopReason, expected)
        assert.strictEqual(Message.textOf(reply), "Par")
        assert.strictEqual(reply.refusal?.category, expected === "refusal" ? given : undefined)
      }
    })
  )

  it.effect("is an error, to be tried again, where the server could not end its answer", () =>
    Effect.gen(function* () {
      for (const reason of [
        "error",
        "ERROR",
        "network_error",
        "failed",
        "abort",
        "upstream_error",
        "MALFORMED_FUNCTION_CALL"
      ]) {
        for (const mode of modes) {
          const error = yield* Effect.flip(sent(mode, reason))
          assert.strictEqual(error.message, "server error: the answer ended with an error")
          assert.isTrue(error.isRetryable)
          assert.strictEqual(error.partialText, "Par")
          assert.isAbove(error.usage?.outputTokens ?? 0, 0)
        }
      }
    })
  )

  it.effect("decides about the answer, without a word where it is the end of a turn", () =>
    Effect.gen(function* () {
      const { listen, tagsOf } = recorder()
      const ask = (reason: string) => listen(Effect.result(Effect.provide(Ask.text("q"), plain(reason))))
      assert.deepInclude(yield* ask("STOP"), { _tag: "Success", success: "Par" })
      assert.notInclude(tagsOf(""), "UnknownStopReason")
      for (const [reason, tag] of [
        ["length", "Truncated"],
        ["content_filter", "Refused"],
        ["tool_calls", "IncompleteReply"]
      ] as const) {
        const result = yield* ask(reason)
        assert(result._tag === "Failure")
        assert.strictEqual(result.failure.reason._tag, tag)
      }
    })
  )
})

/** Errors of `effect/ai`: which class each error of Claude becomes, and what fails before anything is sent. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Schema, Stream } from "effect"
import { type AiError, LanguageModel, type Prompt, Tool, Toolkit } from "effect/ai"
import { AskError } from "fanfold"
import { layer, type Options } from "fanfold/LanguageModel"
import { failure, make } from "./FakeClaude.ts"
import { textOf } from "./docs/Pages.ts"
import { over } from "./OverFake.ts"

const GetTime = Tool.make("GetTime", { success: Schema.String })
const clock = Toolkit.make(GetTime)
const clockLayer = clock.toLayer({ GetTime: () => Effect.succeed("noon") })

const Market = Schema.Struct({ euro: Schema.Finite, note: Schema.optionalKey(Schema.String) })

/** Every reason, and the class of `effect/ai` that it becomes. */
const errors: ReadonlyArray<readonly [AskError.Reason, AiError.AiErrorReason["_tag"]]> = [
  [new AskError.RateLimited({ detail: "d", retryAfterMillis: 9000 }), "RateLimitError"],
  [new AskError.SpendLimitReached({ detail: "d" }), "QuotaExhaustedError"],
  [new AskError.Overloaded({ detail: "d" }), "InternalProviderError"],
  [new AskError.ServerError({ detail: "d", status: 500 }), "InternalProviderError"],
  [new AskError.InvalidRequest({ detail: "d" }), "InvalidRequestError"],
  [new AskError.Authentication({ detail: "d" }), "AuthenticationError"],
  [new AskError.BillingFailed({ detail: "d" }), "QuotaExhaustedError"],
  [new AskError.PermissionDenied({ detail: "d" }), "AuthenticationError"],
  [new AskError.NotFound({ detail: "d" }), "InvalidRequestError"],
  [new AskError.TooLarge({ detail: "d" }), "InvalidRequestError"],
  [new AskError.Refused({ category: "bio", explanation: null }), "ContentPolicyError"],
  [new AskError.Truncated({ stopReason: "max_tokens", maxTokens: 9 }), "UnknownError"],
  [new AskError.Unfinished({ turns: 10 }), "UnknownError"],
  [new AskError.IncompleteReply({ stopReason: "tool_use", tools: ["lookup"] }), "UnknownError"],
  [new AskError.EmptyAnswer({ stopReason: null }), "UnknownError"],
  [new AskError.Undecodable({ issue: "wrong" }), "UnknownError"],
  [new AskError.Stalled({ silentMillis: 9000, phase: "stream" }), "NetworkError"],
  [new AskError.CutOff({ detail: "d" }), "NetworkError"],
  [new AskError.BrokenStream({ detail: "d" }), "NetworkError"],
  [new AskError.NotJson({ contentType: "text/html", excerpt: "<p>" }), "InvalidResponseError"],
  [new AskError.Unreachable({ detail: "d", isPassing: true }), "NetworkError"],
  [new AskError.Unreachable({ detail: "CERT_UNTRUSTED", isPassing: false }), "UnknownError"],
  [new AskError.TimedOut({ limitMillis: 9000, scope: "attempt" }), "NetworkError"],
  [new AskError.TimedOut({ limitMillis: 9000, scope: "ask" }), "UnknownError"],
  [new AskError.OverBudget({ unit: "usd", limit: 1, needed: 1, left: 0.5 }), "UnknownError"],
  [new AskError.Unbounded({ detail: "d" }), "UnknownError"],
  [new AskError.Unbatched({ outcome: "expired" }), "NetworkError"],
  [new AskError.NothingToFold({ asks: 3 }), "UnknownError"],
  [new AskError.Unfoldable({ detail: "d" }), "UnknownError"],
  [new AskError.NoAgreement({ votes: 5, agreeing: 3, atLeast: 4, fields: {} }), "UnknownError"],
  [new AskError.Contradictory({ contradictions: ["size"], uncompared: [] }), "UnknownError"],
  [new AskError.WorkerLost({ times: 3 }), "UnknownError"],
  [new AskError.WorkerFailed({ detail: "d" }), "UnknownError"]
]

const failing = (error: AskError.AskError) =>
  Effect.flip(Effect.provide(LanguageModel.generateText({ prompt: "q" }), over(make(() => Effect.fail(error)))))

describe("an error", () => {
  it.effect.each(errors)(
    "%s becomes one of effect/ai, as retryable as it was, with its message",
    ([reason, expected]) =>
      Effect.gen(function* () {
        const error = failure(reason, { requestId: "req_1" })
        const { isRetryable, message, reason: made } = yield* failing(error)
        assert.strictEqual(made._tag, expected)
        assert.strictEqual(isRetryable, error.isRetryable)
        assert.isTrue(message.startsWith("fanfold.generateText: "), message)
        if (made._tag === "NetworkError") assert.strictEqual(made.cause, error)
        else if ("metadata" in made) {
          assert.deepStrictEqual(made.metadata, { fanfold: { reason: reason._tag, message: error.message } })
        }
        if (made._tag !== "RateLimitError" && made._tag !== "QuotaExhaustedError")
          assert.include(message, error.message)
      })
  )

  it("covers every reason", () => {
    const tags = new Set(errors.map(([{ _tag }]) => _tag as string))
    assert.sameMembers(
      [...tags],
      AskError.Reason.members.map(({ identifier }) => identifier)
    )
  })

  it("has its row in the documentation", () => {
    const rows = textOf("docs/effect-ai.md").split("\n")
    const missing = errors.filter(([{ _tag }, expected]) => {
      const row = rows.find((row) => row.startsWith(`| \`${expected}\``))
      return expected !== "UnknownError" && row?.includes(`\`${_tag}\``) !== true
    })
    assert.deepStrictEqual(missing, [])
  })

  it.effect("says when to come back, and what is wrong with the key", () =>
    Effect.gen(function* () {
      const limited = yield* failing(failure(new AskError.RateLimited({ detail: "d", retryAfterMillis: 9000 })))
      assert.deepStrictEqual(limited.retryAfter, Duration.seconds(9))
      const forbidden = yield* failing(failure(new AskError.PermissionDenied({ detail: "d" })))
      assert.propertyVal(forbidden.reason, "kind", "InsufficientPermissions")
    })
  )

  it.effect("is not retryable where the API says so", () =>
    Effect.gen(function* () {
      const error = yield* failing(
        failure(new AskError.Overloaded({ detail: "d" }), { headers: { "x-should-retry": "false" } })
      )
      assert.strictEqual(error.reason._tag, "UnknownError")
    })
  )
})

describe("before anything is sent", () => {
  const user = { role: "user", content: "q" } as const
  const call = { type: "tool-call", id: "1", name: "GetTime", params: {}, providerExecuted: false } as const
  const result = { type: "tool-result", id: "1", name: "GetTime", isFailure: false, result: "noon" } as const

  it.effect.each<readonly [string, Prompt.RawInput, string]>([
    [
      "a file",
      [{ role: "user", content: [{ type: "file", mediaType: "image/png", data: "AA==" }] }],
      "Files and images"
    ],
    ["a call of a tool", [user, { role: "assistant", content: [call] }, user], "Parts of type tool-call"],
    ["the result of a tool", [user, { role: "tool", content: [result] }], "Parts of type tool-result"],
    ["reasoning", [user, { role: "assistant", content: [{ type: "reasoning", text: "Hm" }] }, user], "leave them out"],
    ["a late system message", [user, { role: "system", content: "Be brief." }, user], "must come before all others"],
    ["no user message", [{ role: "system", content: "Be brief." }], "needs a user message"],
    ["an empty prompt", [], "needs a user message"]
  ])("rejects %s by name", ([, prompt, expected]) =>
    Effect.gen(function* () {
      const claude = make()
      const error = yield* Effect.flip(Effect.provide(LanguageModel.generateText({ prompt }), over(claude)))
      assert.deepInclude(error.reason, { _tag: "InvalidRequestError", parameter: "prompt" })
      assert.include(error.message, expected)
      assert.include(error.message, "Nothing was sent")
      assert.lengthOf(claude.sent, 0)
    })
  )

  it.effect("rejects a toolkit by name, and says what to use", () =>
    Effect.gen(function* () {
      const claude = make()
      const options = { prompt: "q", toolkit: clock }
      const errors = yield* Effect.provide(
        Effect.all([
          Effect.flip(LanguageModel.generateText(options)),
          Effect.flip(LanguageModel.generateObject({ ...options, schema: Market })),
          Effect.flip(Stream.runDrain(LanguageModel.streamText(options)))
        ]),
        Layer.merge(over(claude), clockLayer)
      )
      assert.deepStrictEqual(
        errors.map(({ message }) => message),
        ["generateText", "generateObject", "streamText"].map(
          (method) =>
            `fanfold.${method}: Invalid request: parameter 'toolkit'. Tools are not supported: use the AnthropicLanguageModel of @effect/ai-anthropic for this request. Nothing was sent`
        )
      )
      assert.lengthOf(claude.sent, 0)
    })
  )

  it("rejects wrong options", () => {
    assert.throws(() => layer({ maxTokens: 0 }), "options.maxTokens: expected a whole number ≥ 1, got 0")
    assert.throws(() => layer({ tools: [] } as Options), "options.tools: unknown key")
  })
})

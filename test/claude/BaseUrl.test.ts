/** A base URL is mended where it has one meaning; any other wrong one is rejected with what to write, before any request. */
import { assert, describe, it, vi } from "@effect/vitest"
import { Cause, ConfigProvider, Effect, Exit, Redacted } from "effect"
import { Claude, Stack } from "fanfold"
import { run } from "fanfold/promise"
import { send } from "../FakeClaude.ts"

const apiKey = Redacted.make("sk-1")
const fetch = (): Promise<Response> => assert.fail("nothing may be sent")

const begins = "a URL that begins with http:// or https://"
const example = ', such as "https://api.anthropic.com"'
const header = ", and what it is for in a header (ANTHROPIC_CUSTOM_HEADERS)"

/** What is given, what is expected, how it is shown, and how the message ends. */
const wrong: ReadonlyArray<readonly [url: string, expected: string, shown: string, end: string]> = [
  ["ftp://claude.example.org", begins, "ftp://claude.example.org", example],
  ["claude.example.org/v1", begins, "claude.example.org/v1", '; write "https://claude.example.org"'],
  ["localhost:4010", begins, "localhost:4010", '; write "http://localhost:4010"'],
  ["gateway:4000/anthropic", begins, "gateway:4000/anthropic", '; write "http://gateway:4000/anthropic"'],
  ["10.0.0.1", begins, "10.0.0.1", '; write "http://10.0.0.1"'],
  ["//claude.example.org", begins, "//claude.example.org", '; write "https://claude.example.org"'],
  ["https//claude", begins, "https//claude", '; write "https://claude"'],
  ["https:/claude", begins, "https:/claude", '; write "https://claude"'],
  ["http:///x.org", begins, "http:///x.org", '; write "http://x.org"'],
  ["http://", begins, "http://", example],
  ["$ANTHROPIC_URL", begins, "$ANTHROPIC_URL", example],
  ["sk-ant-api03-secret", begins, "<key>", example],
  ["https://${HOST}", "an http or https URL", "https://${HOST}", example],
  ["https://claude.example.org;", "an http or https URL", "https://claude.example.org;", example],
  ["https://claude example.org", "an http or https URL", "https://claude example.org", example],
  ["https://https://claude.org", "an http or https URL", "https://https://claude.org", example],
  ["http://claude:99999", "an http or https URL", "http://claude:99999", example],
  ["http://claude:0", "an http or https URL", "http://claude:0", example],
  ["http://api.anthropic.com", "https", "http://api.anthropic.com", '; write "https://api.anthropic.com"'],
  ["https://a.org/v1?key=secret#x", "a URL without a query", "https://a.org/v1?…", `; write "https://a.org"${header}`],
  ["https://a.org/#secret", "a URL without a fragment", "https://a.org/#…", '; write "https://a.org"'],
  [
    "https://a.org/v1/chat/completions",
    "the URL of a Messages API",
    "https://a.org/v1/chat/completions",
    '; write "https://a.org"'
  ],
  ...[
    "https://a.org/V1//Chat/Completions/",
    "https://a.org/v1/completions",
    "https://a.org/v1/responses",
    "https://a.org/v1/embeddings",
    "https://a.org/api/generate"
  ].map((url) => [url, "the URL of a Messages API", url, '; write "https://a.org"'] as const),
  [
    "http://me:secret@a.org",
    "a URL without a user name and password",
    "http://…@a.org",
    `; write "http://a.org"${header}`
  ],
  [
    "https://secret@a.org",
    "a URL without a user name and password",
    "https://…@a.org",
    `; write "https://a.org"${header}`
  ],
  ["me:se@cret@claude", begins, "me:…@claude", example]
]

/** What is given, and where requests go. */
const mended: ReadonlyArray<readonly [url: string, used: string]> = [
  ["https://claude.example.org/base", "https://claude.example.org/base"],
  ["http://[::1]:1/", "http://[::1]:1"],
  ["http://127.0.0.1:4010/v1", "http://127.0.0.1:4010"],
  ["http://127.0.0.1:4010/v1/", "http://127.0.0.1:4010"],
  ["http://127.0.0.1:4010//v1", "http://127.0.0.1:4010"],
  ["http://127.0.0.1:4010/anthropic/v1/messages", "http://127.0.0.1:4010/anthropic"],
  ["http://127.0.0.1:4010/v1/messages/count_tokens", "http://127.0.0.1:4010"],
  ["http://127.0.0.1:4010/v1/messages/batches/", "http://127.0.0.1:4010"],
  ["http://127.0.0.1:4010/v1/complete", "http://127.0.0.1:4010"],
  ["http://127.0.0.1:4010/anthropic//v1//models", "http://127.0.0.1:4010/anthropic"],
  ["https://gateway.example.org/v1/team/anthropic/", "https://gateway.example.org/v1/team/anthropic"],
  [" http://127.0.0.1:4010", "http://127.0.0.1:4010"],
  ["http://127.0.0.1:4010\r", "http://127.0.0.1:4010"],
  ["\uFEFFhttp://127.0.0.1:4010\u200B\n", "http://127.0.0.1:4010"],
  ['"http://127.0.0.1:4010"', "http://127.0.0.1:4010"],
  [" ' http://127.0.0.1:4010/v1 ' ", "http://127.0.0.1:4010"],
  ["HTTPS://Claude.Example.org:443", "https://claude.example.org"]
]

describe("an invalid base URL", () => {
  for (const [baseUrl, expected, shown, end] of wrong) {
    const message = `expected ${expected}, got ${JSON.stringify(shown)}${end}`

    it(`throws where it is an option: ${baseUrl}`, async () => {
      assert.throws(() => Stack.layer({ apiKey, baseUrl, fetch }), RangeError, `baseUrl: ${message}`)
      const rejected = await run({ asks: ["why?"], apiKey: "sk-1", baseUrl, fetch }).then(
        () => assert.fail("it should have been rejected"),
        (error: unknown) => error
      )
      assert(rejected instanceof RangeError)
      assert.strictEqual(rejected.message, `baseUrl: ${message}`)
      const made = await Effect.runPromiseExit(Claude.make({ apiKey, baseUrl, fetch }))
      assert(Exit.isFailure(made))
      assert.strictEqual(String(Cause.squash(made.cause)), `RangeError: baseUrl: ${message}`)
    })

    it.effect(`fails where it is in the environment: ${baseUrl}`, () =>
      Effect.gen(function* () {
        for (const layer of [Stack.layerConfig({ fetch }), Claude.layerConfig({ fetch })]) {
          const error = yield* Effect.flip(inEnvironment(Effect.provide(send(), layer), baseUrl))
          assert(error._tag === "ConfigError")
          assert.include(error.message, `ANTHROPIC_BASE_URL: ${message}`)
        }
      })
    )
  }

  it("rejects a run of fanfold/promise where it is in the environment", async () => {
    vi.stubEnv("ANTHROPIC_BASE_URL", "ftp://claude.example.org")
    const error = await run({ asks: ["why?"], apiKey: "sk-1", fetch }).then(
      () => assert.fail("it should have been rejected"),
      (error: unknown) => error
    )
    vi.unstubAllEnvs()
    assert(error instanceof Error)
    assert.match(error.message, /^ANTHROPIC_BASE_URL: expected a URL that begins with http.* got "ftp:/)
  })

  it("that is no text throws", () => {
    assert.throws(() => Stack.layer({ apiKey, baseUrl: 4010 as never, fetch }), RangeError, "baseUrl: expected a URL")
  })
})

describe("a base URL", () => {
  for (const [given, used] of mended) {
    it.effect(`is used as it is meant: ${JSON.stringify(given)}`, () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* inEnvironment(Claude.baseUrl, given), used)
        const urls: Array<string> = []
        const fetch = (url: unknown): Promise<Response> => {
          urls.push(String(url))
          return Promise.reject(new Error("not sent"))
        }
        yield* Effect.flip(Effect.provide(send(), Claude.layer({ apiKey, baseUrl: given, fetch })))
        assert.deepStrictEqual(urls, [`${used}/v1/messages`])
      })
    )
  }

  it.effect("counts as not set where the variable is blank", () =>
    Effect.gen(function* () {
      assert.isUndefined(yield* inEnvironment(Claude.baseUrl, " "))
      assert.isUndefined(yield* inEnvironment(Claude.baseUrl, ""))
    })
  )
})

const inEnvironment = <A, E, R>(effect: Effect.Effect<A, E, R>, url: string) =>
  Effect.provideService(
    effect,
    ConfigProvider.ConfigProvider,
    ConfigProvider.fromUnknown({ ANTHROPIC_API_KEY: "sk-1", ANTHROPIC_BASE_URL: url })
  )

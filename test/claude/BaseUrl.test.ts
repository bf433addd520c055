/** An invalid base URL fails when the layer or client is made, from options and environment, before any request. */
import { assert, describe, it, vi } from "@effect/vitest"
import { Cause, ConfigProvider, Effect, Exit, Redacted } from "effect"
import { Claude, Stack } from "fanfold"
import { run } from "fanfold/promise"
import { send } from "../FakeClaude.ts"

const apiKey = Redacted.make("sk-1")
const fetch = (): Promise<Response> => assert.fail("nothing may be sent")

const wrong: ReadonlyArray<readonly [url: string, shown: string]> = [
  ["ftp://claude.example.org", "ftp://claude.example.org"],
  ["claude.example.org", "claude.example.org"],
  ["localhost:4010", "localhost:4010"],
  ["https//claude", "https//claude"],
  ["http://", "http://"],
  ["http://me:secret@claude.example.org", "http://…@claude.example.org"],
  ["https://token@claude.example.org", "https://…@claude.example.org"],
  ["me:se@cret@claude", "me:…@claude"]
]

describe("an invalid base URL", () => {
  for (const [baseUrl, shown] of wrong) {
    const message = `expected an http or https URL without a password, such as "https://api.anthropic.com", got "${shown}"`

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
    assert.match(error.message, /^ANTHROPIC_BASE_URL: expected an http or https URL .* got "ftp:/)
  })

  it.effect("is none of these; a blank variable counts as not set", () =>
    Effect.gen(function* () {
      for (const url of ["https://claude.example.org/base", "http://127.0.0.1:4010", "http://[::1]:1/"]) {
        assert.strictEqual(yield* inEnvironment(Claude.baseUrl, url), url)
      }
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

/** What a program of one's own is told where the environment holds no key. */
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Redacted } from "effect"
import { Claude } from "fanfold"

const keyIn = (env: Readonly<Record<string, string>>) =>
  Effect.gen(function* () {
    return Redacted.value(yield* Claude.apiKey)
  }).pipe(Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(env))))

describe("the key of the environment", () => {
  it.effect("is the first that is set to something", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* keyIn({ ANTHROPIC_API_KEY: "key", ANTHROPIC_AUTH_TOKEN: "token" }), "key")
      assert.strictEqual(yield* keyIn({ ANTHROPIC_API_KEY: " ", ANTHROPIC_AUTH_TOKEN: "token" }), "token")
    })
  )

  it.effect("that is missing or blank says what to set", () =>
    Effect.gen(function* () {
      for (const env of [{}, { ANTHROPIC_API_KEY: " " }, { ANTHROPIC_API_KEY: "", ANTHROPIC_AUTH_TOKEN: "" }]) {
        const { message } = yield* Effect.flip(keyIn(env))
        assert.include(message, "no key: set ANTHROPIC_API_KEY to your key, or give the layer an apiKey of your own")
      }
    })
  )
})

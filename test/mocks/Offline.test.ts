import Anthropic from "@anthropic-ai/sdk"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Ask, Research } from "fanfold"
import { Offline } from "fanfold/mocks"

describe("as layers", () => {
  it.live("answers fanfold's Claude in this process", () =>
    Effect.gen(function* () {
      const claude = yield* Offline.MockClaude
      claude.when({ user: /capital/ }).reply("Paris")
      const findings = yield* Research.run({ capital: Ask.text("What is the capital of France?") })
      assert.deepStrictEqual(findings.answers, { capital: "Paris" })
      assert.isTrue(claude.journal.verdict().ok)
    }).pipe(Effect.provide(Offline.layerClaude.pipe(Layer.provideMerge(Offline.layer()))))
  )

  it.live("serves until its scope closes", () =>
    Effect.gen(function* () {
      const url = yield* Effect.gen(function* () {
        const server = yield* Offline.MockServer
        const client = new Anthropic({ apiKey: "offline", baseURL: server.url, maxRetries: 0 })
        assert.strictEqual(
          (yield* Effect.promise(() => client.models.retrieve("claude-haiku-5-5"))).id,
          "claude-haiku-5-5"
        )
        return server.url
      }).pipe(Effect.provide(Offline.layerServer().pipe(Layer.provideMerge(Offline.layer()))))
      assert.strictEqual(
        yield* Effect.promise(() =>
          fetch(url).then(
            () => "open",
            () => "closed"
          )
        ),
        "closed"
      )
    })
  )
})

/** Under which names stacks share the limits of their accounts with other processes. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { Ask, Pacing, Stack } from "fanfold"
import { mockClaude } from "fanfold/mocks"
import * as MemoryRegister from "../MemoryRegister.ts"

describe("the stack", () => {
  it.live("shares limits by account and model class, and tells nobody the key", () =>
    Effect.gen(function* () {
      const { join, names } = MemoryRegister.make()
      const { fetch } = mockClaude()
      const asked = (key: string, model: string, baseUrl?: string) =>
        Ask.text("why?", { model }).pipe(
          Effect.provide(Stack.layer({ apiKey: Redacted.make(key), fetch, baseUrl })),
          Effect.provide(Layer.succeed(Pacing.SharedLimits, { register: join().register, name: "limits" }))
        )
      yield* asked("sk-shared-1", "claude-haiku-5-5")
      yield* asked("sk-shared-1", "claude-haiku-5-5")
      yield* asked("sk-shared-1", "claude-sonnet-5-5")
      yield* asked("sk-shared-2", "claude-haiku-5-5")
      yield* asked("sk-shared-2", "claude-haiku-5-5", "http://127.0.0.1:1")
      assert.lengthOf(names(), 4)
      assert.lengthOf(
        names().filter((name) => /^limits [0-9a-f]{32} haiku-5$/.test(name)),
        3
      )
      assert.notInclude(names().join(), "sk-shared")
    })
  )
})

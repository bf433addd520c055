/** Whose limits the stack remembers: those of accounts that requests really go to. */
import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { afterEach, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { Ask, type Claude, Stack } from "fanfold"
import { mockClaude } from "fanfold/mocks"
import { folders } from "../cli/Process.ts"

const folder = folders()
const { fetch } = globalThis
const { XDG_STATE_HOME } = process.env
afterEach(() => {
  globalThis.fetch = fetch
  process.env["XDG_STATE_HOME"] = XDG_STATE_HOME
})

const asked = (key: string, options: Stack.Options & Partial<Omit<Claude.Options, "apiKey">>) =>
  Effect.provide(Ask.text("why?"), Stack.layer({ apiKey: Redacted.make(key), ...options }))

describe("the stack", () => {
  it.live("remembers each account once, and none where another fetch answers or nothing is to be remembered", () =>
    Effect.gen(function* () {
      const base = folder()
      process.env["XDG_STATE_HOME"] = base
      const claude = mockClaude()
      const { url: baseUrl } = yield* Effect.acquireRelease(
        Effect.promise(() => claude.serve()),
        (server) => Effect.promise(() => server.close())
      )
      const files = join(base, "fanfold")
      const written = (count: number) =>
        Effect.sync(() => (existsSync(files) ? readdirSync(files).filter((name) => name.endsWith(".json")) : [])).pipe(
          Effect.delay(5),
          Effect.repeat({ until: (names) => names.length === count })
        )
      yield* asked("with-a-fetch", { baseUrl, fetch: claude.fetch })
      yield* asked("unwanted", { baseUrl, pacing: { remember: false } })
      globalThis.fetch = claude.fetch
      yield* asked("replaced", { baseUrl })
      globalThis.fetch = fetch
      // What the others might have left would have come before.
      yield* asked("one", { baseUrl })
      yield* written(1)
      yield* asked("one", { baseUrl, pacing: { inFlight: 2 } })
      yield* asked("two", { baseUrl })
      yield* written(2)
    })
  )
})

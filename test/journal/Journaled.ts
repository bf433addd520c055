/** What the tests of the journal share: files that go with the tests, and a run over one of them. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { type Ask, Research, Stack, Synthesis } from "fanfold"
import type { make } from "../FakeClaude.ts"

/** Gives paths of journals, each in a folder of its own, which goes when the test file is done. */
export const journalFiles = (): (() => string) => {
  const base = mkdtempSync(join(tmpdir(), "fanfold-journal-"))
  afterAll(() => rmSync(base, { recursive: true, force: true }))
  return () => join(mkdtempSync(join(base, "j")), "journal.sqlite")
}

/** Runs an effect while virtual time passes, also if it waits for what takes real time, as the first use of the journal does. */
export const pass = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    while (fiber.pollUnsafe() === undefined) {
      yield* TestClock.adjust("1 minute")
      // The writer waits for a timer of the process, which a turn of the event loop does not reach.
      yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve)))
    }
    return yield* Fiber.join(fiber)
  })

/** Runs a research and its synthesis over a journal of its own run. */
export const run = (
  file: string | undefined,
  claude: Pick<ReturnType<typeof make>, "layer">,
  asks: Readonly<Record<string, Ask.Ask<string>>>,
  options: Stack.Options = {}
) =>
  Research.run(asks).pipe(
    Effect.flatMap(Synthesis.text("Weigh.", { contradictions: "off" })),
    Effect.provide(
      Stack.layerOver({ journal: file === undefined ? {} : { file }, ...options }).pipe(Layer.provide(claude.layer))
    )
  )

/** `fanfold runs cancel`: what it says of the batches of a run, and for how long it tries an API that does not answer. */
import { NodeServices } from "@effect/platform-node"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Console, Effect, Fiber, Layer, Sink, Stdio } from "effect"
import { TestClock } from "effect/testing"
import { AskError, type Batches } from "fanfold"
import { main } from "../../src/cli/Command.ts"
import { ProcessServices } from "../../src/cli/ProcessServices.ts"
import type { Row } from "../../src/journal/Journal.ts"
import { open } from "../../src/journal/OpenJournal.ts"
import { failure, overloaded } from "../FakeClaude.ts"
import * as FakeBatches from "../FakeBatches.ts"
import { begin } from "../journal/Rows.ts"
import { type Emitted, eventOf } from "../RunEvents.ts"
import { folders } from "./Process.ts"

const folder = folders()
const day = 24 * 60 * 60_000

/** A journal with the run `r`, which has left the batch `batch1`. */
const journalWithBatch = Effect.fnUntraced(function* (...more: ReadonlyArray<Emitted>) {
  const file = join(folder(), "journal.sqlite")
  const emitted: ReadonlyArray<Emitted> = [
    [0, "", { _tag: "BatchSubmitting", nonce: "n", ids: ["a-0", "b-0"] }],
    [1, "", { _tag: "BatchSubmitted", nonce: "n", batch: "batch1", expiresAt: day }],
    ...more
  ]
  yield* Effect.scoped(
    Effect.gen(function* () {
      const journal = yield* open(file)
      yield* begin(journal, "r", { source: "https://api.example" })
      const rows = emitted.map((each): Row => ({ _tag: "Event", event: { ...eventOf(each), run: "r" } }))
      journal.add("r", rows)
      yield* journal.kept
    })
  )
  return file
})

/** Types a command, and gives what it says and how it ends. */
const typed = Effect.fnUntraced(function* (batches: Batches.Batches, file: string, ...args: ReadonlyArray<string>) {
  const said = { stdout: "", message: "" }
  const services = ProcessServices.of({
    terminal: Effect.succeed({ output: process.stderr, mode: "lines", color: false }),
    connect: () => Effect.die(new Error("nothing is asked")),
    batches: () => Effect.succeed(batches),
    serveMock: () => Effect.die(new Error("no server is expected")),
    measure: () => Effect.die(new Error("no benchmark is expected"))
  })
  const error = (line: string) => void (said.message += line)
  const stdio = Stdio.layerTest({
    args: Effect.succeed(["runs", "--journal", file, ...args]),
    stdout: () => Sink.forEach((text) => Effect.sync(() => void (said.stdout += String(text))))
  })
  const code = yield* main("1.2.3").pipe(
    Effect.provideService(Console.Console, { ...globalThis.console, error } as Console.Console),
    Effect.provide(Layer.mergeAll(NodeServices.layer, stdio, Layer.succeed(ProcessServices, services))),
    Effect.match({ onFailure: ({ exitCode }) => exitCode as number, onSuccess: () => 0 })
  )
  return { code, ...said }
})

/** Lets virtual time go by while the file of the journal is really read. */
const whilePassing = <A, E, R>(effect: Effect.Effect<A, E, R>, seconds: number) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    for (let passed = 0; passed < seconds && fiber.pollUnsafe() === undefined; passed++) {
      for (let n = 0; n < 20; n++) yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      yield* TestClock.adjust("1 second")
    }
    return yield* fiber.pollUnsafe() === undefined
      ? Effect.andThen(Fiber.interrupt(fiber), Effect.die(new Error(`it goes on after ${seconds} seconds`)))
      : Fiber.join(fiber)
  })

/** The batches of an API that fails like this, or is silent, until then. */
const awayUntil = (seconds: number, error: AskError.AskError | "silent") => {
  const fake = FakeBatches.make()
  fake.add([{ id: "a-0", request: { model: "m", messages: [], maxTokens: 1 } }], 0)
  let tries = 0
  const service: Batches.Batches = {
    ...fake.service,
    cancel: (id) =>
      Effect.clockWith(({ currentTimeMillis }) =>
        Effect.flatMap(currentTimeMillis, (now) => {
          tries++
          if (now >= seconds * 1000) return fake.service.cancel(id)
          return error === "silent" ? Effect.never : Effect.fail(error)
        })
      )
  }
  return { fake, service, tries: () => tries }
}

describe("fanfold runs cancel", () => {
  it.effect("tries an API that is away again, and cancels the batch once it is back", () =>
    Effect.gen(function* () {
      const { fake, service } = awayUntil(20, overloaded())
      const { code, stdout } = yield* whilePassing(typed(service, yield* journalWithBatch(), "cancel", "r"), 90)
      assert.strictEqual(code, 0)
      assert.match(stdout, /^Batch batch1 is being canceled: .*\nfanfold runs resume r /)
      assert.isAtLeast(fake.all[0]!.canceledAt!, 20_000)
    })
  )

  for (const [how, error] of [
    ["fails", overloaded()],
    ["is silent", "silent"]
  ] as const) {
    it.effect(`gives up after a minute where the API ${how}, with exit code 1, and says that the batch may go on`, () =>
      Effect.gen(function* () {
        const { fake, service, tries } = awayUntil(Number.POSITIVE_INFINITY, error)
        const fiber = yield* Effect.forkChild(
          whilePassing(typed(service, yield* journalWithBatch(), "cancel", "r"), 120)
        )
        const { code, message, stdout } = yield* Fiber.join(fiber)
        const now = yield* Effect.clockWith(({ currentTimeMillis }) => currentTimeMillis)
        assert.deepStrictEqual([code, stdout], [1, ""])
        assert.strictEqual(
          message,
          "the API does not answer: batch batch1 may go on. Type the same command again when it does"
        )
        assert.isAtLeast(now, 60_000)
        assert.isBelow(now, 70_000)
        assert.isAtLeast(tries(), 1)
        assert.isUndefined(fake.all[0]!.canceledAt)
      })
    )
  }

  it.effect("ends at once where the key is not accepted", () =>
    Effect.gen(function* () {
      const error = failure(new AskError.Authentication({ detail: "no such key" }))
      const { service, tries } = awayUntil(Number.POSITIVE_INFINITY, error)
      const { code, message } = yield* whilePassing(typed(service, yield* journalWithBatch(), "cancel", "r"), 30)
      assert.strictEqual(code, 1)
      assert.include(message, "no such key")
      assert.strictEqual(tries(), 1)
    })
  )
})

describe("fanfold runs show", () => {
  it.effect("says since when a batch could not be reached, until it was", () =>
    Effect.gen(function* () {
      const away: Emitted = [
        7_200_000,
        "",
        {
          _tag: "BatchCallFailed",
          batch: "batch1",
          reason: "Unreachable",
          message: "connect ECONNREFUSED",
          since: 3_600_000,
          delayMillis: 60_000
        }
      ]
      const { service } = awayUntil(0, overloaded())
      const shown = yield* typed(service, yield* journalWithBatch(away), "show", "r")
      assert.match(
        shown.stdout,
        /^Batch batch1: 2 in progress; expires in .*\nIt could not be reached from 1970-01-01 \d\d:\d\d on: connect ECONNREFUSED$/m
      )
      const counts = { processing: 2, succeeded: 0, errored: 0, canceled: 0, expired: 0 }
      const back: Emitted = [
        7_300_000,
        "",
        { _tag: "BatchPolled", batch: "batch1", expiresAt: day, isCanceling: false, counts }
      ]
      const later = yield* typed(service, yield* journalWithBatch(away, back), "show", "r")
      assert.notInclude(later.stdout, "could not be reached")
    })
  )
})

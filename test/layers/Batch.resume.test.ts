/** Runs that are cut off and gone on with, over one journal and the same batches of the API, under virtual time. */
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { AskError, Batches, Event, Research, Stack } from "fanfold"
import { asksOf, failure, invalid, make, overloaded, questionOf, recorder } from "../FakeClaude.ts"
import * as FakeBatches from "../FakeBatches.ts"

type Fake = ReturnType<typeof FakeBatches.make>

const asks = asksOf("a", "b", "c")
const hour = 60 * 60_000

/** A run of the same program as all others of the file; what it gives, and what it has said of batches. */
const run = Effect.fnUntraced(function* (
  file: string,
  service: Batches.Batches,
  options: Stack.Options = {},
  said: ReturnType<typeof recorder> = recorder()
) {
  const claude = make()
  const { events, listen } = said
  const stack = Stack.layerOver({ journal: { file }, batch: {}, ...options }).pipe(
    Layer.provide([claude.layer, Layer.succeed(Batches.Current, service)])
  )
  const { answers } = yield* listen(Research.run(asks).pipe(Effect.provide(stack)))
  return { answers, claude, events: events.filter(Event.isBatchEvent) }
})

const tags = (events: ReadonlyArray<Event.Event>) => events.map(({ _tag }) => _tag)

/** A step of virtual time, before which the journal's file is really written. */
const step = (millis: number) =>
  Effect.andThen(
    Effect.promise(() => new Promise((resolve) => setImmediate(resolve))),
    TestClock.adjust(millis)
  )

/** Lets virtual time go by until then, or until the fiber has ended. */
const letPass = (fiber: Fiber.Fiber<unknown, unknown>, millis: number) =>
  Effect.gen(function* () {
    for (let passed = 0; passed < millis && fiber.pollUnsafe() === undefined; passed += 10_000) {
      yield* step(10_000)
    }
  })

/** Starts a run and kills it after a while: what it would still do does not happen. */
const cutOff = (file: string, service: Batches.Batches, millis: number) =>
  Effect.gen(function* () {
    const said = recorder()
    const fiber = yield* Effect.forkChild(run(file, service, {}, said))
    while (!tags(said.events).includes("BatchSubmitting")) yield* step(100)
    yield* letPass(fiber, millis)
    yield* Fiber.interrupt(fiber)
  })

/** Goes on with it while two days go by. */
const goOn = (file: string, service: Batches.Batches, options?: Stack.Options) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(run(file, service, options))
    yield* letPass(fiber, 48 * hour)
    return yield* Fiber.join(fiber)
  })

const newFile = () => join(mkdtempSync(join(tmpdir(), "fanfold-batch-")), "journal.sqlite")

const inBatch = { a: "batched answer to a", b: "batched answer to b", c: "batched answer to c" }

/** The service of a process that is killed while it creates: the API may have the batch, the process never learns of it. */
const killedIn = (fake: Fake, isCreated: boolean): Batches.Batches => ({
  ...fake.service,
  create: (requests) => (isCreated ? Effect.andThen(fake.service.create(requests), Effect.never) : Effect.never)
})

describe("a run that is gone on with", () => {
  it.effect("takes the results of the batch that the last one has left, and creates none", () =>
    Effect.gen(function* () {
      const [file, fake] = [newFile(), FakeBatches.make({ takes: () => 10 * hour })]
      yield* cutOff(file, fake.service, hour)
      const { answers, claude, events } = yield* goOn(file, fake.service)
      assert.deepStrictEqual(answers, inBatch)
      assert.lengthOf(fake.all, 1)
      assert.lengthOf(claude.sent, 0)
      assert.deepStrictEqual(tags(events), ["BatchPolled", "BatchEnded"])
    })
  )

  it.effect("finds the batch whose id no process has learned, by its ids once it has ended", () =>
    Effect.gen(function* () {
      const [file, fake] = [newFile(), FakeBatches.make({ takes: () => 10 * hour })]
      yield* cutOff(file, killedIn(fake, true), 60_000)
      const { answers, events } = yield* goOn(file, fake.service)
      assert.deepStrictEqual(answers, inBatch)
      assert.lengthOf(fake.all, 1)
      assert.deepStrictEqual(tags(events), ["BatchUncertain", "BatchSubmitted", "BatchEnded"])
      assert.include(
        (events[0] as { message: string }).message,
        "batch1 may be it, which can be told once it has ended"
      )
    })
  )

  it.effect("creates it where no batch can be that of the last one, and not before one could still appear", () =>
    Effect.gen(function* () {
      const [file, fake] = [newFile(), FakeBatches.make()]
      yield* cutOff(file, killedIn(fake, false), 20_000)
      const { answers, events } = yield* goOn(file, fake.service)
      assert.deepStrictEqual(answers, inBatch)
      assert.lengthOf(fake.all, 1)
      assert.isAtLeast(fake.all[0]!.createdAt, 60_000)
      assert.deepStrictEqual(tags(events).slice(0, 4), [
        "BatchUncertain",
        "BatchNotCreated",
        "BatchSubmitting",
        "BatchSubmitted"
      ])
    })
  )

  it.effect("waits for a batch of others that may be its own, and creates its own once it is known not to be", () =>
    Effect.gen(function* () {
      const [file, fake] = [newFile(), FakeBatches.make({ takes: () => 5 * hour })]
      const foreign = ["x", "y", "z"].map((id) => ({ id, request: { model: "m", messages: [], maxTokens: 1 } }))
      fake.add(foreign, 0)
      yield* cutOff(file, killedIn(fake, false), 20_000)
      const { answers } = yield* goOn(file, fake.service)
      assert.deepStrictEqual(answers, inBatch)
      assert.deepStrictEqual(
        fake.all.map(({ createdAt }) => createdAt >= 5 * hour),
        [true, false]
      )
    })
  )

  it.effect("asks again, in a batch of its own, what failed by the result of the last one, which stays as it is", () =>
    Effect.gen(function* () {
      let isRejected = true
      const fake = FakeBatches.make({
        outcome: (request) =>
          isRejected && questionOf(request) === "b" ? { _tag: "Errored", error: invalid() } : undefined
      })
      const file = newFile()
      assert.strictEqual((yield* Effect.flip(goOn(file, fake.service)))._tag, "ResearchError")
      isRejected = false
      const { answers, claude } = yield* goOn(file, fake.service)
      assert.deepStrictEqual(answers, inBatch)
      assert.deepStrictEqual(fake.questions(), [["a", "b", "c"], ["b"]])
      assert.lengthOf(claude.sent, 0)
    })
  )

  it.effect("takes the result that an ask had where the process died before the ask ended", () =>
    Effect.gen(function* () {
      const fake = FakeBatches.make()
      const file = newFile()
      let fiber: Fiber.Fiber<unknown, unknown> | undefined
      const listener: Event.Listener = {
        emit: ({ _tag }) => Effect.sync(() => (_tag === "Dispatched" ? fiber?.interruptUnsafe() : undefined))
      }
      const said = { ...recorder(), listen: Effect.provideService(Event.Listener, listener) }
      fiber = yield* Effect.forkChild(run(file, fake.service, {}, said))
      yield* letPass(fiber, hour)
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
      assert.deepStrictEqual((yield* goOn(file, fake.service)).answers, inBatch)
      assert.lengthOf(fake.all, 1)
    })
  )

  it.effect("asks live what its batch has not answered, once, and takes it from the journal the next time", () =>
    Effect.gen(function* () {
      const [file, fake] = [newFile(), FakeBatches.make({ takes: () => Number.POSITIVE_INFINITY })]
      yield* cutOff(file, fake.service, hour)
      const first = yield* goOn(file, fake.service)
      assert.lengthOf(first.claude.sent, 3)
      const second = yield* goOn(file, fake.service, { reuse: "always" })
      assert.lengthOf(second.claude.sent, 0)
      assert.lengthOf(fake.all, 1)
    })
  )

  it.effect("learns after a lost reply of a creation that it was killed in, too", () =>
    Effect.gen(function* () {
      const fake = FakeBatches.make({ creation: () => ({ error: overloaded(), isCreated: true }), takes: () => hour })
      const file = newFile()
      // Killed while it looks for the batch.
      yield* cutOff(file, fake.service, 10 * 60_000)
      const { answers } = yield* goOn(file, fake.service)
      assert.deepStrictEqual(answers, inBatch)
      assert.strictEqual(fake.creations, 1)
    })
  )

  it.effect("sends once after a run that gave up, as nothing had ever answered", () =>
    Effect.gen(function* () {
      const file = newFile()
      const fake = FakeBatches.make()
      const error = failure(new AskError.Unreachable({ detail: "connect ECONNREFUSED", isPassing: true }))
      const away = { ...fake.service, create: () => Effect.fail(error), list: () => Effect.fail(error) }
      const failed = yield* Effect.forkChild(Effect.flip(run(file, away)))
      yield* letPass(failed, hour)
      assert.include((yield* Fiber.join(failed)).message, error.message)
      const { answers, claude, events } = yield* goOn(file, fake.service)
      assert.deepStrictEqual(answers, inBatch)
      assert.deepStrictEqual(
        tags(events).filter((tag) => tag !== "BatchPolled"),
        ["BatchUncertain", "BatchNotCreated", "BatchSubmitting", "BatchSubmitted", "BatchEnded"]
      )
      assert.deepStrictEqual([fake.all.length, claude.sent.length], [1, 0])
    })
  )

  it.effect("looks for hours at an address where it has left a batch, though it is away from the start", () =>
    Effect.gen(function* () {
      const file = newFile()
      const error = failure(new AskError.Unreachable({ detail: "connect ECONNREFUSED", isPassing: true }))
      const fake = FakeBatches.make({
        takes: () => hour,
        away: (now) => (now < 5 * hour && now > 60_000 ? error : undefined)
      })
      yield* cutOff(file, fake.service, 120_000)
      const { answers } = yield* goOn(file, fake.service)
      assert.deepStrictEqual(answers, inBatch)
      assert.lengthOf(fake.all, 1)
    })
  )

  it.effect("sends a batch of its own where everything is to be asked anew", () =>
    Effect.gen(function* () {
      const [file, fake] = [newFile(), FakeBatches.make({ takes: () => 10 * hour })]
      yield* cutOff(file, fake.service, hour)
      yield* goOn(file, fake.service, { reuse: "never" })
      assert.lengthOf(fake.all, 2)
    })
  )
})

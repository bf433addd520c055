/** One budget that several processes spend: it holds whatever happens to them, and none waits for one that is lost. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Budget, Research, Stack } from "fanfold"
import { limitUsd, run as runAlone } from "../../bench/delivery/Budget.ts"
import { runVirtual as run } from "../../bench/workers/SharedBudget.ts"
import { make, pass, reply } from "../FakeClaude.ts"
import * as MemoryRegister from "../MemoryRegister.ts"
import { dear, reasons, usage } from "./Budgeted.ts"

type Member = ReturnType<ReturnType<typeof MemoryRegister.make>["join"]>

const seeds = Array.from({ length: 30 }, (_, seed) => seed)
const sum = (values: ReadonlyArray<number>) => values.reduce((sum, value) => sum + value, 0)

const over = (claude: ReturnType<typeof make>, { register }: Member, usd = 0.0155) =>
  Stack.layerOver({ budget: usd }).pipe(
    Layer.provide([claude.layer, Layer.succeed(Budget.Account, { register, name: "budget of a run" })])
  )

/** Asks so many dear questions, of which the budget lets three leave at once. */
const asking = (count: number) =>
  Research.run(
    Array.from({ length: count }, (_, n) => dear(`${n}`)),
    { policy: "best-effort" }
  )

const answerAfter = (millis: number, outputTokens: number) =>
  make(() => Effect.delay(Effect.succeed(reply("yes", { usage: usage(outputTokens) })), millis))

describe("a budget of several processes", () => {
  it.effect("is never exceeded, and leaves enough for the synthesis, whichever of them are killed", () =>
    Effect.gen(function* () {
      for (const seed of seeds) {
        const { billedUsd, isFolded } = yield* run(seed, { processes: 3, kills: seed % 3 })
        assert.isAtMost(billedUsd, limitUsd, `seed ${seed}`)
        assert.isTrue(isFolded, `seed ${seed}`)
      }
    })
  )

  it.effect("is spent as far as that of one process is", () =>
    Effect.gen(function* () {
      const together = yield* Effect.forEach(seeds, (seed) => run(seed, { processes: 3, kills: 0 }))
      const alone = yield* Effect.forEach(seeds, (seed) => runAlone(seed))
      const [answered, answeredAlone] = [together, alone].map((runs) => sum(runs.map(({ answered }) => answered)))
      assert.isAtLeast(answered! / answeredAlone!, 0.95)
    })
  )

  it.effect("lets a call wait until another process has settled", () =>
    Effect.gen(function* () {
      const { join } = MemoryRegister.make()
      const claude = answerAfter(1000, 10)
      const first = yield* Effect.forkChild(Effect.provide(asking(3), over(claude, join())))
      yield* TestClock.adjust(1)
      const second = yield* Effect.forkChild(Effect.provide(asking(1), over(claude, join())))
      yield* TestClock.adjust(900)
      assert.strictEqual(claude.sent.length, 3)
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(first)
      assert.deepStrictEqual((yield* Fiber.join(second)).answers, ["yes"])
      assert.isAtMost(claude.sent[3]!.at, 1501)
    })
  )

  it.effect("counts what a killed process had reserved, and refuses what waits for it after 30 seconds", () =>
    Effect.gen(function* () {
      const { join } = MemoryRegister.make()
      const claude = answerAfter(600_000, 10)
      const killed = join()
      const first = yield* Effect.forkChild(Effect.provide(asking(3), over(claude, killed)))
      yield* TestClock.adjust(1)
      killed.isKilled = true
      yield* Effect.forkChild(Fiber.interrupt(first))
      const second = yield* Effect.forkChild(Effect.provide(asking(1), over(claude, join())))
      yield* TestClock.adjust("29 seconds")
      assert.isUndefined(second.pollUnsafe())
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(reasons(yield* Fiber.join(second)), ["OverBudget"])
    })
  )

  it.effect("waits for a process whose calls take minutes, as it is not lost", () =>
    Effect.gen(function* () {
      const { join } = MemoryRegister.make()
      const claude = answerAfter(300_000, 10)
      const first = yield* Effect.forkChild(Effect.provide(asking(3), over(claude, join())))
      yield* TestClock.adjust(1)
      const second = yield* Effect.forkChild(Effect.provide(asking(1), over(claude, join())))
      yield* TestClock.adjust("11 minutes")
      yield* Fiber.join(first)
      assert.deepStrictEqual((yield* Fiber.join(second)).answers, ["yes"])
    })
  )

  it.effect("counts what an earlier layer of the same process has spent", () =>
    Effect.gen(function* () {
      const member = MemoryRegister.make().join()
      const claude = make(() => Effect.succeed(reply("yes", { usage: usage(10_000) })))
      yield* pass(Effect.provide(asking(2), over(claude, member)))
      const findings = yield* pass(Effect.provide(asking(2), over(claude, member)))
      assert.deepStrictEqual(reasons(findings), ["OverBudget"])
      assert.strictEqual(claude.sent.length, 3)
    })
  )

  it.effect("lets nothing leave while the register is away, and goes on when it is back", () =>
    Effect.gen(function* () {
      const { held, join } = MemoryRegister.make()
      const member = join()
      const claude = answerAfter(100, 10)
      member.isAway = true
      const asked = yield* Effect.forkChild(Effect.provide(asking(3), over(claude, member)))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(claude.sent.length, 0)
      member.isAway = false
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual((yield* Fiber.join(asked)).answers, ["yes", "yes", "yes"])
      assert.deepInclude(held("budget of a run")[0], { open: 0, reserved: { usd: 0, tokens: 0 } })
    })
  )

  it.effect("is asked once for calls that come together, and gives back what was interrupted", () =>
    Effect.gen(function* () {
      const { held, join } = MemoryRegister.make(20)
      const member = join()
      const claude = answerAfter(1000, 10)
      const asked = yield* Effect.forkChild(Effect.provide(asking(3), over(claude, member)))
      yield* TestClock.adjust(30)
      const { exchanges } = member
      yield* Effect.forkChild(Fiber.interrupt(asked))
      yield* TestClock.adjust("1 second")
      assert.isAtMost(exchanges, 2)
      assert.strictEqual(claude.sent.length, 0)
      assert.deepInclude(held("budget of a run")[0], { open: 0, spent: { usd: 0, tokens: 0 } })
    })
  )

  it.effect("sends nothing where another version of fanfold has a share that cannot be read", () =>
    Effect.gen(function* () {
      const { join } = MemoryRegister.make()
      const { exchange } = yield* join().register.join
      yield* exchange("budget of a run", () => ({ value: { version: 2 }, result: undefined }))
      const claude = make()
      const asked = yield* Effect.forkChild(Effect.provide(asking(1), over(claude, join())))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.interrupt(asked).pipe(pass)
      assert.strictEqual(claude.sent.length, 0)
    })
  )
})

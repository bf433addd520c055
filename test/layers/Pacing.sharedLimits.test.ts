/** Three processes that divide one limit by a register, told nothing of it, in virtual time. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Pacing } from "fanfold"
import * as MemoryRegister from "../MemoryRegister.ts"
import { many, runTogether, type Server } from "./Simulation.ts"

const perSecond = 40
const exchangeMillis = 3

type Register = ReturnType<typeof MemoryRegister.make>
type Member = ReturnType<Register["join"]>

/** How much of the limit three processes use from the third second on, and how many of their requests are rejected. */
const share = Effect.fnUntraced(function* (
  burst: number,
  headers: Server["headers"],
  { asks = [400, 400, 400], from = 3000, offsetMillis = 0, onMember = (_member: Member, _index: number) => {} } = {}
) {
  yield* TestClock.adjust("1 hour")
  const { join } = MemoryRegister.make(exchangeMillis)
  const limits = () => ({ rpm: perSecond * 60, burstSeconds: burst / perSecond })
  const { leftIn, refusedAt } = yield* runTogether(
    { limits, headers: headers!, jitterMillis: 20, replyMillis: 200 },
    asks.map(many),
    {},
    "shared",
    offsetMillis,
    (index) => {
      const member = join()
      onMember(member, index)
      const { register } = member
      return { concurrency: 24, shared: Layer.succeed(Pacing.SharedLimits, { register, name: "account" }) }
    }
  )
  const until = 20_000
  const sent = leftIn(from, until)
  const rejected = refusedAt.filter((at) => at >= from && at < until).length
  return {
    used: (sent - rejected) / (((until - from) / 1000) * perSecond),
    rejectedShare: rejected / sent
  }
})

describe("three processes that share the limits of an account", () => {
  it.effect("use them up almost without a rejection", () =>
    Effect.gen(function* () {
      for (const [burst, headers, offsetMillis] of [
        [40, "true", 0],
        [40, "true", 400],
        [40, "of the bucket", 0],
        [10, "true", 0],
        [10, "true", 400],
        [10, "of the bucket", 0]
      ] as const) {
        const { rejectedShare, used } = yield* share(burst, headers, { offsetMillis })
        const cell = `burst ${burst}, ${headers}, ${offsetMillis} ms`
        assert.isAtLeast(used, 0.9, cell)
        assert.isAtMost(rejectedShare, 0.02, cell)
      }
    })
  )

  it.effect("use what one of them no longer needs", () =>
    Effect.gen(function* () {
      const { rejectedShare, used } = yield* share(40, "true", { asks: [550, 550, 40], from: 6000 })
      assert.isAtLeast(used, 0.9)
      assert.isAtMost(rejectedShare, 0.02)
    })
  )

  it.effect("go on by their own estimate where they cannot reach each other", () =>
    Effect.gen(function* () {
      const { rejectedShare, used } = yield* share(40, "true", {
        onMember: (member: Member) => void (member.isAway = true)
      })
      assert.isAtLeast(used, 0.8)
      assert.isAtMost(rejectedShare, 0.1)
    })
  )
})

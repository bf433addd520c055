/** A budget that several processes share, one of which raises its limit. */
import { assert, describe, it } from "@effect/vitest"
import { BudgetLedger } from "../../../src/layers/budget/BudgetLedger.ts"
import { together } from "../../../src/layers/budget/BudgetShare.ts"

const limit = { usd: 1, tokens: Number.POSITIVE_INFINITY }

/** As the register hands it on, which keeps JSON. */
const heldBy = (...ledgers: ReadonlyArray<BudgetLedger>) =>
  ledgers.map(({ share }) => ({ value: JSON.parse(JSON.stringify(share)) as unknown, ageMillis: 0 }))

describe("a shared budget", () => {
  it("has the limit that any of its processes has raised it to, also in those that begin later", () => {
    const [raised, other, later] = [new BudgetLedger(limit), new BudgetLedger(limit), new BudgetLedger(limit)]
    other.others = together(heldBy(raised))
    assert.deepStrictEqual(other.limit, limit)
    raised.raise({ ...limit, usd: 2 })
    other.others = together(heldBy(raised))
    later.others = together(heldBy(raised, other))
    assert.deepStrictEqual([other.limit, later.limit], [raised.limit, { ...limit, usd: 2 }])
    const reservation = { max: { usd: 1.5, tokens: 1 }, synthesis: undefined, answerTokens: 0 }
    assert.deepStrictEqual([other.check(reservation), new BudgetLedger(limit).check(reservation)], ["now", "never"])
  })
})

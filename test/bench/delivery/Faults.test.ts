/** The first 500 seeds of those of `npm run bench -- delivery`: the whole stack under random faults, in virtual time. */
import { assert, describe, it } from "@effect/vitest"
import * as Faults from "../../../bench/delivery/Faults.ts"

const seeds = 500

describe("the stack under random faults", () => {
  it(
    "ends every ask once, loses or doubles no answer, leaves no call or timer, and repeats its events for a seed",
    {
      timeout: 120_000
    },
    async () => {
      const { attempts, violations, ...figures } = await Faults.measure(seeds)
      assert.deepStrictEqual(violations, [])
      assert.deepStrictEqual(figures, { seeds, hangs: 0, lost: 0, doubled: 0, leftovers: 0, differing: 0 })
      // More attempts than asks: faults occurred.
      assert.isAbove(attempts, 6 * seeds)
    }
  )
})

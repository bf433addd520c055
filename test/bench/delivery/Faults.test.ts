/** A part of what `npm run bench -- delivery` plays in full: the whole stack under random faults, in virtual time. */
import { assert, describe, it } from "@effect/vitest"
import * as DeliveryFaults from "../../../bench/delivery/Faults.ts"

const seeds = 500

describe("whatever the API does", () => {
  it(
    "every ask ends once, no answer is lost or delivered twice, nothing is left, and a seed tells all",
    {
      timeout: 120_000
    },
    async () => {
      const { attempts, complaints, ...figures } = await DeliveryFaults.measure(seeds)
      assert.deepStrictEqual(complaints, [])
      assert.deepStrictEqual(figures, { seeds, hangs: 0, lost: 0, doubled: 0, leftovers: 0, differing: 0 })
      // Faults were met.
      assert.isAbove(attempts, 6 * seeds)
    }
  )
})

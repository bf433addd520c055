/** A run whose asks wait in a batch, killed at random moments and started again until it is done. */
import { assert, describe, it } from "@effect/vitest"
import * as Kills from "../../bench/batch/Kills.ts"
import { bin } from "./Process.ts"

describe("a run with a batch that is killed", () => {
  it(
    "pays no request twice, loses none, and comes to the document of an undisturbed run",
    { timeout: 240_000 },
    async () => {
      const tally = await Kills.play([bin], { seed: 1, kills: 10, maxKillsOfRun: 5 })
      const { billedTwice, kills, lost, problems } = tally
      assert.deepStrictEqual(problems, [])
      assert.deepStrictEqual({ kills, billedTwice, lost }, { kills: 10, billedTwice: 0, lost: 0 })
    }
  )
})

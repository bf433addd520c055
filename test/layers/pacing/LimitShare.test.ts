/** How processes divide the limits of one account. */
import { assert, describe, it } from "@effect/vitest"
import { type LimitShare, noneTaken, readable, shareOf } from "../../../src/layers/pacing/LimitShare.ts"

const other = (share: number, wanted = 1): LimitShare => ({
  version: 1,
  share,
  wanted,
  taken: noneTaken,
  learned: {}
})

/** Lets processes agree in turn, until each has had so many turns. */
const agreed = (wanted: ReadonlyArray<number>, rounds = 3) => {
  const shares = wanted.map(() => 0)
  for (let turn = 0; turn < rounds * wanted.length; turn++) {
    const own = turn % wanted.length
    const others = shares.flatMap((share, index) => (index === own ? [] : [other(share, wanted[index])]))
    shares[own] = shareOf(wanted[own]!, others)
    assert.isAtMost(
      shares.reduce((sum, share) => sum + share, 0),
      1 + 0.02 * wanted.length
    )
  }
  return shares.map((share) => Math.round(share * 100) / 100)
}

describe("the share of a limit", () => {
  it("is all of it for a process alone, whatever it uses", () => {
    assert.deepStrictEqual(agreed([0.1]), [1])
  })

  it("is equal among processes that want more than there is", () => {
    assert.deepStrictEqual(agreed([1, 1, 1]), [0.33, 0.33, 0.33])
  })

  it("goes to those that want more, where another wants little", () => {
    assert.deepStrictEqual(agreed([0.1, 1, 1]), [0.1, 0.45, 0.45])
  })

  it("is larger than wanted where nobody wants the rest", () => {
    assert.deepStrictEqual(agreed([0.1, 0.3]), [0.4, 0.6])
  })

  it("of a new process is hardly anything until the others have made room", () => {
    assert.strictEqual(shareOf(1, [other(1)]), 0.02)
    assert.strictEqual(shareOf(1, [other(0.5)]), 0.5)
  })

  it("is given back where others have taken more meanwhile", () => {
    assert.strictEqual(shareOf(1, [other(0.9)]).toFixed(2), "0.10")
  })

  it("does not count what another version of fanfold has written", () => {
    assert.deepStrictEqual(
      readable([
        { value: { version: 2 }, ageMillis: 0 },
        { value: other(0.5), ageMillis: 0 }
      ]),
      [other(0.5)]
    )
  })
})

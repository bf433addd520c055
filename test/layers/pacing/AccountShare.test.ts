/** How much of a limit a process uses while others use the same account. */
import { assert, describe, it } from "@effect/vitest"
import { AccountShare } from "../../../src/layers/pacing/AccountShare.ts"

/** The share after a rejection and so many seconds with this share of the limit left. */
const after = (remainingShare: number, seconds: number) => {
  const share = new AccountShare()
  share.onRejected(0)
  for (let n = 1; n <= seconds; n++) share.onRemaining(remainingShare, 0, n * 1000)
  return share.value
}

describe("AccountShare", () => {
  it("is halved by a rejection, down to a quarter", () => {
    const share = new AccountShare()
    const values = [1, 2, 3].map((n) => {
      share.onRejected(n * 1000)
      return share.value
    })
    assert.deepStrictEqual(values, [1 / 2, 1 / 4, 1 / 4])
  })

  it("grows within seconds where there is room, hardly where there is little, and not where nothing remains", () => {
    assert.strictEqual(after(1, 2), 1)
    assert.approximately(after(0.3, 2), 0.605, 1e-6)
    assert.strictEqual(after(0, 10), 0.5)
  })

  it("has room in a bucket of a minute where a quarter of a second's worth remains", () => {
    const share = new AccountShare()
    share.onRejected(0)
    share.onRemaining(1 / 60, 1000, 1000)
    assert.strictEqual(share.value, 0.75)
  })
})

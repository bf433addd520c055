/** How much of a limit a process uses while others use the same account. */
import { assert, describe, it } from "@effect/vitest"
import { AccountShare } from "../../../src/layers/pacing/AccountShare.ts"

/** The share after a rejection and so many seconds, with a response every half of one; `remaining`: what each says is left. */
const after = (seconds: number, remaining: (second: number) => number) => {
  const share = new AccountShare()
  share.onRejected(0)
  for (let second = 0.5; second <= seconds; second += 0.5) {
    share.onRemaining(remaining(second), 0, second * 1000, second * 1000)
  }
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

  it("grows within seconds where there is room, hardly where there is little, and shrinks where nothing remains", () => {
    assert.strictEqual(
      after(2, () => 1),
      1
    )
    assert.approximately(
      after(2, () => 0.3),
      0.7,
      1e-6
    )
    assert.strictEqual(
      after(4, () => 0),
      1 / 4
    )
  })

  it("does not grow while what remains is being taken", () => {
    assert.approximately(
      after(2, (second) => 1 - second / 5),
      // The first response has none before that it could be compared with.
      0.5 + 0.25 / 2,
      1e-6
    )
  })

  it("has room in a bucket of a minute where a quarter of a second's worth remains", () => {
    const share = new AccountShare()
    share.onRejected(0)
    share.onRemaining(1 / 60, 1000, 500, 500)
    assert.strictEqual(share.value, 0.625)
  })

  it("takes a pause without a response for no evidence of room", () => {
    const share = new AccountShare()
    share.onRejected(0)
    share.onRemaining(1, 0, 60_000, 60_000)
    assert.strictEqual(share.value, 0.625)
  })

  it("reserves a part of the limit for the others, until ten seconds after a rejection", () => {
    const share = new AccountShare()
    assert.strictEqual(share.reserve(12, 0.02, 0), 0)
    share.onRejected(0)
    assert.strictEqual(share.reserve(12, 0.02, 9999), 4)
    assert.strictEqual(share.reserve(1200, 0.02, 9999), 5)
    assert.strictEqual(share.reserve(2, 0.02, 9999), 0)
    assert.strictEqual(share.reserve(12, 0.02, 10_000), 0)
  })
})

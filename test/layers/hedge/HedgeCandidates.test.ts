/** Who counts as a straggler, and how many of them may have a second copy. */
import { assert, describe, it } from "@effect/vitest"
import { type HedgeCandidate, HedgeCandidates } from "../../../src/layers/hedge/HedgeCandidates.ts"

const none = Number.POSITIVE_INFINITY
const model = "claude-haiku-5-5"

/** So many calls that leave at these times. */
const leaveAt = (run: HedgeCandidates, times: ReadonlyArray<number>): ReadonlyArray<HedgeCandidate> =>
  times.map((at) => run.add(model, at, () => {}))

const same = (n: number, at = 0): ReadonlyArray<number> => Array.from({ length: n }, () => at)

/** From one to two seconds. */
const millisOf = (n: number): number => 1000 + ((n * 7919) % 1000)

describe("a straggler", () => {
  it("is who is still away when 95 % are back, within one in a hundred of their time", () => {
    const run = new HedgeCandidates(3)
    const flights = leaveAt(run, same(50))
    for (const [index, flight] of flights.slice(0, 48).entries()) {
      assert.strictEqual(run.dueAt, none, `${index} back`)
      run.remove(flight, 1000 + index)
    }
    assert.isAbove(run.dueAt, 1047)
    assert.isAtMost(run.dueAt, 1.01 * 1049)
    assert.isUndefined(run.take(1047))
    assert.strictEqual(run.take(1060), flights[48])
    assert.strictEqual(run.take(1060), flights[49])
    assert.isUndefined(run.take(1060))
  })

  it("is nobody while all take the same time, whenever they left", () => {
    const run = new HedgeCandidates(3)
    const flights = leaveAt(
      run,
      Array.from({ length: 200 }, (_, n) => 10 * n)
    )
    for (const flight of flights) {
      assert.isUndefined(run.take(flight.dispatchedAt + 1000))
      run.remove(flight, 1000)
    }
    assert.isTrue(run.isIdle)
  })

  it("is nobody among the first to leave, of whom the quick ones come back before others left for long", () => {
    const run = new HedgeCandidates(50)
    const ends = Array.from({ length: 100 }, (_, n) => ({ n, at: 5 * n + millisOf(n) })).toSorted((a, b) => a.at - b.at)
    const flights = leaveAt(
      run,
      Array.from({ length: 100 }, (_, n) => 5 * n)
    )
    for (const { at, n } of ends.slice(0, 94)) {
      assert.isUndefined(run.take(at))
      run.remove(flights[n]!, millisOf(n))
    }
  })

  it("is nobody among fewer than twenty", () => {
    const run = new HedgeCandidates(3)
    const [slow, ...others] = leaveAt(run, same(19))
    for (const flight of others) run.remove(flight, 1000)
    assert.strictEqual(run.dueAt, none)
    const [one] = leaveAt(run, [2000])
    run.remove(one!, 1000)
    assert.strictEqual(run.take(2000), slow)
  })

  it("is measured by calls to the same model, and not by those that failed", () => {
    const run = new HedgeCandidates(3)
    const flights = leaveAt(run, same(30))
    const other = run.add("claude-opus-5-5", 0, () => {})
    for (const flight of flights.slice(1, 15)) run.remove(flight, 1000)
    for (const flight of flights.slice(15)) run.remove(flight)
    assert.strictEqual(run.dueAt, none)
    for (const flight of leaveAt(run, same(10))) run.remove(flight, 1000)
    assert.strictEqual(run.take(1e9), flights[0])
    assert.isUndefined(run.take(1e9))
    assert.isFalse(other.isHedged)
  })

  it("is who takes longer than was said, where that was said", () => {
    const run = new HedgeCandidates(3, 5000)
    const [first, second] = leaveAt(run, [0, 100])
    assert.strictEqual(run.dueAt, 5000)
    assert.isUndefined(run.take(4999))
    assert.strictEqual(run.take(5000), first)
    assert.strictEqual(run.dueAt, 5100)
    run.remove(second!, 5050)
    assert.strictEqual(run.dueAt, none)
  })
})

describe("second copies", () => {
  it("are no more than may be, and one of each call", () => {
    const run = new HedgeCandidates(2, 1000)
    leaveAt(run, same(5))
    assert.isDefined(run.take(1000))
    run.onCopyDispatched()
    assert.isDefined(run.take(1000))
    assert.isFalse(run.isSpent)
    assert.strictEqual(run.dueAt, none)
    run.onCopyDispatched()
    assert.isTrue(run.isSpent)
  })

  it("have their place back where they could not leave, and are tried again a second later", () => {
    const run = new HedgeCandidates(1, 1000)
    const [flight] = leaveAt(run, [0])
    assert.strictEqual(run.take(1000), flight)
    run.giveBack(flight!, 1200)
    assert.isUndefined(run.take(1200))
    assert.strictEqual(run.dueAt, 2200)
    assert.strictEqual(run.take(2200), flight)
  })
})

describe("times from nothing to days", () => {
  for (const millis of [0, 1, 99, 100, 12_345, 1e6, 1e8]) {
    it(`are told from those that are longer by 1 %: ${millis} ms`, () => {
      const run = new HedgeCandidates(1)
      const [slow, ...others] = leaveAt(run, same(40))
      for (const flight of others) run.remove(flight, millis)
      assert.isUndefined(run.take(millis))
      assert.strictEqual(run.take(Math.max(millis + 1, 1.011 * millis)), slow)
    })
  }
})

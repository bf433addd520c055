/** What the times of asks add up to. */
import { assert, describe, it } from "@effect/vitest"
import * as RunBreakdown from "../../src/report/RunBreakdown.ts"
import {
  answered,
  completed,
  attemptFailed,
  begin,
  dispatched,
  end,
  failed,
  fold,
  haiku,
  interrupted,
  replied,
  retrying,
  started
} from "../RunEvents.ts"

describe("the times of a run", () => {
  it("counts an ask's own time from its first request: waiting for a place is not part of it", () => {
    const state = fold(
      begin(0, "a", "b"),
      started(0, "a"),
      started(0, "b"),
      dispatched(0, "a"),
      replied(100, "a"),
      answered(100, "a"),
      dispatched(100, "b"),
      attemptFailed(150, "b"),
      retrying(150, "b", 30),
      dispatched(180, "b", 2),
      replied(250, "b"),
      answered(250, "b"),
      end(250, 250)
    )
    assert.deepStrictEqual(
      state.asks.map(({ durationMillis }) => durationMillis),
      [100, 150]
    )
    assert.deepStrictEqual([state.sequentialMillis, state.researchMillis, state.speedUp], [250, 250, 1])
  })

  it("counts attempts and backoffs as time one after another, and not the wait for a turn to try again", () => {
    const state = fold(
      begin(0, "a", "b", "c"),
      ...["a", "b", "c"].flatMap((name) => [started(0, name), dispatched(10, name), attemptFailed(20, name)]),
      retrying(20, "a", 30),
      dispatched(500, "a", 2),
      attemptFailed(510, "a"),
      retrying(510, "a", 40),
      dispatched(800, "a", 3),
      replied(900, "a"),
      answered(900, "a"),
      // Stopped by its time while it waits for its turn.
      retrying(20, "b", 30),
      failed(1000, "b"),
      // Asked another model when its turn comes, without a backoff.
      dispatched(700, "c", 2),
      replied(750, "c"),
      answered(750, "c"),
      end(1000, 1000)
    )
    assert.deepStrictEqual(
      state.asks.map(({ durationMillis, heldMillis }) => [durationMillis, heldMillis]),
      [
        [890, 450 + 250],
        [990, 950],
        [740, 680]
      ]
    )
    assert.strictEqual(state.sequentialMillis, 10 + 30 + 10 + 40 + 100 + (10 + 30) + (10 + 50))
    assert.strictEqual(RunBreakdown.of(state).asks["a"]?.heldMillis, 700)
    assert.isFalse(
      Object.hasOwn(RunBreakdown.of(fold(begin(0, "a"), ...completed(0, "a", 9))).asks["a"]!, "heldMillis")
    )
  })

  it("counts a second copy that goes on alone as an attempt", () => {
    const copy = { _tag: "Dispatched", attempt: 1, model: haiku, hedge: true } as const
    const state = fold(
      begin(0, "a", "b"),
      started(0, "a"),
      dispatched(0, "a"),
      [10, "a", copy],
      attemptFailed(20, "a"),
      replied(100, "a"),
      answered(100, "a")
    )
    assert.deepStrictEqual([state.asks[0]?.heldMillis, state.sequentialMillis], [undefined, 100])
  })

  it("counts a failed ask's time, and neither a stopped one's nor the synthesis's, as time one after another", () => {
    const state = fold(
      begin(0, "a", "b", "c"),
      ...completed(0, "a", 100),
      started(0, "b"),
      dispatched(0, "b"),
      attemptFailed(50, "b"),
      failed(50, "b"),
      started(0, "c"),
      dispatched(0, "c"),
      interrupted(100, "c"),
      end(100, 100),
      ...completed(100, "synthesis", 900)
    )
    assert.deepStrictEqual([state.sequentialMillis, state.researchMillis, state.durationMillis], [150, 100, 1000])
    assert.deepStrictEqual([state.answered, state.failed, state.interrupted, state.total], [1, 1, 1, 3])
    assert.deepStrictEqual([state.synthesis?.status, state.synthesis?.durationMillis], ["answered", 900])
  })
})

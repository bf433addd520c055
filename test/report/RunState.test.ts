import { assert, describe, it } from "@effect/vitest"
import { Message } from "fanfold"
import * as RunState from "../../src/report/RunState.ts"
import {
  answered,
  attemptFailed,
  begin,
  dispatched,
  end,
  eventOf,
  failed,
  fold,
  haiku,
  type Happening,
  interrupted,
  replied,
  sonnet,
  started,
  usage,
  whole
} from "../RunEvents.ts"

describe("RunState", () => {
  it("counts a second copy as on its way and as paid, and not as another try", () => {
    const copy = { attempt: 1, model: haiku, hedge: true } as const
    const before = [
      begin(0, "a"),
      started(0, "a"),
      dispatched(0, "a"),
      [1, "a", { _tag: "FirstToken", attempt: 1 }],
      [2, "a", { _tag: "Dispatched", ...copy }]
    ] as const
    const underWay = fold(...before)
    assert.strictEqual(underWay.inFlight, 2)
    assert.deepInclude(underWay.asks[0], { status: "answering", attempt: 1 })
    const outrun = { reason: "Outrun", message: "the other copy was faster", usage, durationMillis: 1 }
    const over = fold(...before, replied(3, "a"), [3, "a", { _tag: "AttemptFailed", ...copy, ...outrun }])
    assert.strictEqual(over.inFlight, 0)
    assert.strictEqual(over.usage.outputTokens, 4000)
    assert.approximately(over.costUsd!, 0.0022, 1e-9)
    assert.isUndefined(over.asks[0]!.reason)
  })

  it("keeps the asks in the order asked, whatever order they answer in", () => {
    const tally = fold(begin(0, "a", "b", "c"), ...whole(0, "c", 5), ...whole(0, "a", 9))
    assert.deepStrictEqual(
      tally.asks.map(({ name, question, status }) => [name, question, status]),
      [
        ["a", "a?", "answered"],
        ["b", "b?", "waiting"],
        ["c", "c?", "answered"]
      ]
    )
    assert.deepStrictEqual([tally.total, tally.done, tally.answered], [3, 2, 2])
  })

  it("follows an ask through its states", () => {
    const happenings: ReadonlyArray<Happening> = [
      begin(0, "a"),
      started(1, "a"),
      dispatched(2, "a"),
      [3, "a", { _tag: "FirstToken", attempt: 1 }],
      attemptFailed(4, "a"),
      [5, "a", { _tag: "Retrying", attempt: 1, reason: "Overloaded", message: "overloaded: busy", delayMillis: 3000 }],
      dispatched(3005, "a", 2),
      [3006, "a", { _tag: "FirstToken", attempt: 2 }],
      replied(3007, "a", haiku, usage, 2),
      answered(3008, "a")
    ]
    const tally = RunState.make()
    const seen = happenings.map((happening) => {
      tally.add(eventOf(happening))
      return [tally.asks[0]?.status, tally.inFlight]
    })
    assert.deepStrictEqual(seen, [
      ["waiting", 0],
      ["waiting", 0],
      ["asking", 1],
      ["answering", 1],
      ["answering", 0],
      ["retrying", 0],
      ["asking", 1],
      ["answering", 1],
      ["answering", 0],
      ["answered", 0]
    ])
    const { attempt, dispatches, message, reason, retryAt, retryDelayMillis } = tally.asks[0]!
    assert.deepStrictEqual(
      { attempt, dispatches, message, reason, retryAt, retryDelayMillis },
      {
        attempt: 2,
        dispatches: 2,
        message: "overloaded: busy",
        reason: "Overloaded",
        retryAt: 3005,
        retryDelayMillis: 3000
      }
    )
  })

  it("counts an ask's own time from its first request: waiting for a place is not part of it", () => {
    const tally = fold(
      begin(0, "a", "b"),
      started(0, "a"),
      started(0, "b"),
      dispatched(0, "a"),
      replied(100, "a"),
      answered(100, "a"),
      dispatched(100, "b"),
      attemptFailed(150, "b"),
      dispatched(180, "b", 2),
      replied(250, "b"),
      answered(250, "b"),
      end(250, 250)
    )
    assert.deepStrictEqual(
      tally.asks.map(({ durationMillis }) => durationMillis),
      [100, 150]
    )
    assert.deepStrictEqual([tally.sequentialMillis, tally.researchMillis, tally.speedUp], [250, 250, 1])
  })

  it("counts a failed ask's time, and neither a stopped one's nor the synthesis's, as time one after another", () => {
    const tally = fold(
      begin(0, "a", "b", "c"),
      ...whole(0, "a", 100),
      started(0, "b"),
      dispatched(0, "b"),
      attemptFailed(50, "b"),
      failed(50, "b"),
      started(0, "c"),
      dispatched(0, "c"),
      interrupted(100, "c"),
      end(100, 100),
      ...whole(100, "synthesis", 900)
    )
    assert.deepStrictEqual([tally.sequentialMillis, tally.researchMillis, tally.durationMillis], [150, 100, 1000])
    assert.deepStrictEqual([tally.answered, tally.failed, tally.interrupted, tally.total], [1, 1, 1, 3])
    assert.deepStrictEqual([tally.synthesis?.status, tally.synthesis?.durationMillis], ["answered", 900])
  })

  it("adds up every reply and every paid failure once: an answer's own sum is not added again", () => {
    const partial = { ...Message.noUsage, inputTokens: 1000, outputTokens: 10 }
    const tally = fold(
      begin(0, "a"),
      dispatched(0, "a"),
      attemptFailed(1, "a", { usage: partial, model: haiku }),
      dispatched(2, "a", 2),
      replied(3, "a"),
      [4, "a", { _tag: "Continued", turn: 1 }],
      dispatched(5, "a"),
      replied(6, "a"),
      answered(6, "a", { ...Message.noUsage, inputTokens: 2000, outputTokens: 4000 })
    )
    assert.deepStrictEqual(tally.usage, { ...Message.noUsage, inputTokens: 3000, outputTokens: 4010 })
    assert.approximately(tally.costUsd!, 0.002305, 1e-12)
  })

  it("prices each reply by the model that wrote it", () => {
    const tally = fold(begin(0, "a"), replied(1, "a", haiku), replied(2, "synthesis", sonnet))
    assert.approximately(tally.costUsd!, 0.0011 + 0.022, 1e-12)
  })

  it("does not know the cost as soon as one model has no price, and says which", () => {
    const tally = fold(begin(0, "a", "b"), replied(1, "a"), replied(1, "b", "claude-next"), replied(2, "b"))
    assert.strictEqual(tally.costUsd, undefined)
    assert.deepStrictEqual([...tally.unpriced], ["claude-next"])
    assert.strictEqual(tally.usage.outputTokens, 6000)
    assert.deepStrictEqual(
      tally.asks.map(({ costUsd }) => costUsd),
      [0.0011, undefined]
    )
  })

  it("keeps what each ask took, and the model that answered it", () => {
    const tally = fold(
      begin(0, "a", "b", "c"),
      dispatched(0, "a"),
      attemptFailed(1, "a", { usage, model: haiku }),
      dispatched(2, "a", 2),
      replied(3, "a", sonnet),
      [4, "a", { _tag: "Answered", model: sonnet, usage, durationMillis: 1 }],
      dispatched(0, "b"),
      ...whole(4, "synthesis", 1)
    )
    assert.deepStrictEqual(
      [...tally.asks, tally.synthesis!].map(({ costUsd, dispatches, model, name, usage }) => [
        name,
        model,
        dispatches,
        usage.outputTokens,
        costUsd
      ]),
      [
        ["a", sonnet, 2, 4000, 0.0231],
        ["b", haiku, 1, 0, 0],
        ["c", undefined, 0, 0, 0],
        ["synthesis", haiku, 1, 2000, 0.0011]
      ]
    )
  })

  it("has nothing in flight once a stopped ask has ended, though its request told no end", () => {
    const tally = fold(begin(0, "a", "b"), dispatched(0, "a"), dispatched(0, "b"), interrupted(5, "a"), failed(6, "b"))
    assert.strictEqual(tally.inFlight, 0)
  })

  it("takes an ask that no research announced", () => {
    const tally = fold(...whole(0, "alone", 1200))
    assert.deepStrictEqual([tally.total, tally.answered, tally.asks[0]?.question], [1, 1, "alone?"])
  })

  it("folds 10,000 asks with their events in well under a second", () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `ask${index + 1}`)
    const events = [begin(0, ...names), ...names.flatMap((name) => whole(0, name, 1)), end(1, 1)].map(eventOf)
    const tally = RunState.make()
    const from = performance.now()
    for (const event of events) tally.add(event)
    assert.isBelow(performance.now() - from, 500)
    assert.deepStrictEqual([tally.answered, tally.inFlight, tally.usage.inputTokens], [10_000, 0, 10_000_000])
  })
})

describe("the numbers of a tally", () => {
  it.each([
    [0, "0.0 s"],
    [850, "0.9 s"],
    [1249, "1.2 s"],
    [9949, "9.9 s"],
    [9950, "10 s"],
    [12_400, "12 s"],
    [59_499, "59 s"],
    [59_500, "1 min 0 s"],
    [125_000, "2 min 5 s"],
    [3_599_600, "1 h 0 min"],
    [3_720_000, "1 h 2 min"]
  ])("%i ms are %s", (millis, text) => {
    assert.strictEqual(RunState.durationText(millis), text)
  })

  it.each([
    [0, "$0.00"],
    [0.0000456, "$0.000046"],
    [0.00099, "$0.00099"],
    [0.01234, "$0.0123"],
    [0.5, "$0.5000"],
    [1234.567, "$1,234.57"]
  ])("%d dollars are %s", (usd, text) => {
    assert.strictEqual(RunState.usdText(usd), text)
  })
})

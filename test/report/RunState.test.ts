import { assert, describe, it } from "@effect/vitest"
import { type Event, Message } from "fanfold"
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
  type Emitted,
  interrupted,
  replied,
  reused,
  sonnet,
  started,
  usage,
  completed
} from "../RunEvents.ts"

describe("RunState", () => {
  it("adds up the replies that an ask takes from the journal, and counts none that was sent for as saved", () => {
    const corrected = [started(0, "a"), reused(0, "a"), reused(1, "a"), answered(1, "a")]
    const state = fold(
      begin(0, "a", "b"),
      ...corrected,
      started(1, "b"),
      reused(1, "b"),
      ...completed(1, "b", 5).slice(1)
    )
    assert.strictEqual(state.reused, 1)
    assert.approximately(state.savedUsd!, 0.0022, 1e-12)
    assert.approximately(state.costUsd!, 0.0011, 1e-12)
  })

  it("counts as reused asks alone, as it counts those with an answer, and as saved also what was made of them", () => {
    const parts = ["a", "comparison.1", "synthesis.1.1", "synthesis"].flatMap((ask): ReadonlyArray<Event.Event> => {
      const part = ask === "a" ? "ask" : "synthesis"
      return [started(0, ask), reused(0, ask), answered(0, ask)].map((event) => Object.assign(eventOf(event), { part }))
    })
    const state = RunState.of([eventOf(begin(0, "a")), ...parts])
    assert.deepStrictEqual([state.answered, state.reused], [1, 1])
    assert.approximately(state.savedUsd!, 0.0044, 1e-12)
  })

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

  it("forgets the asks of rows after their ends, and counts and pays what comes of them later", () => {
    const rows: Emitted = [
      0,
      "",
      { _tag: "ResearchStarted", asks: [], rows: 3, policy: "best-effort", concurrency: "unbounded" }
    ]
    const before = [rows, ...completed(0, "a", 5), started(6, "b"), dispatched(6, "b"), failed(7, "b"), started(8, "c")]
    const state = fold(...before)
    assert.deepStrictEqual([state.total, state.answered, state.failed, state.done], [3, 1, 1, 2])
    assert.deepStrictEqual(
      state.asks.map(({ name, status }) => [name, status]),
      [["c", "waiting"]]
    )
    const late = fold(...before, attemptFailed(9, "b", { usage, model: haiku }))
    assert.deepStrictEqual([late.asks.length, late.count.waiting, late.inFlight], [1, 1, 0])
    assert.approximately(late.costUsd!, 0.0022, 1e-12)
  })

  it("keeps the asks in the order asked, whatever order they answer in", () => {
    const state = fold(begin(0, "a", "b", "c"), ...completed(0, "c", 5), ...completed(0, "a", 9))
    assert.deepStrictEqual(
      state.asks.map(({ name, question, status }) => [name, question, status]),
      [
        ["a", "a?", "answered"],
        ["b", "b?", "waiting"],
        ["c", "c?", "answered"]
      ]
    )
    assert.deepStrictEqual([state.total, state.done, state.answered], [3, 2, 2])
  })

  it("follows an ask through its states", () => {
    const emitteds: ReadonlyArray<Emitted> = [
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
    const state = RunState.make()
    const seen = emitteds.map((emitted) => {
      state.add(eventOf(emitted))
      return [state.asks[0]?.status, state.inFlight]
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
    const { attempt, dispatches, message, reason, retryAt, retryDelayMillis } = state.asks[0]!
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

  it("adds up every reply and every paid failure once: an answer's own sum is not added again", () => {
    const partial = { ...Message.noUsage, inputTokens: 1000, outputTokens: 10 }
    const state = fold(
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
    assert.deepStrictEqual(state.usage, { ...Message.noUsage, inputTokens: 3000, outputTokens: 4010 })
    assert.approximately(state.costUsd!, 0.002305, 1e-12)
  })

  it("prices each reply by the model that wrote it", () => {
    const state = fold(begin(0, "a"), replied(1, "a", haiku), replied(2, "synthesis", sonnet))
    assert.approximately(state.costUsd!, 0.0011 + 0.022, 1e-12)
  })

  it("does not know the cost as soon as one model has no price, and says which", () => {
    const state = fold(begin(0, "a", "b"), replied(1, "a"), replied(1, "b", "claude-next"), replied(2, "b"))
    assert.strictEqual(state.costUsd, undefined)
    assert.deepStrictEqual([...state.unpriced], ["claude-next"])
    assert.strictEqual(state.usage.outputTokens, 6000)
    assert.deepStrictEqual(
      state.asks.map(({ costUsd }) => costUsd),
      [0.0011, undefined]
    )
  })

  it("keeps what each ask took, and the model that answered it", () => {
    const state = fold(
      begin(0, "a", "b", "c"),
      dispatched(0, "a"),
      attemptFailed(1, "a", { usage, model: haiku }),
      dispatched(2, "a", 2),
      replied(3, "a", sonnet),
      [4, "a", { _tag: "Answered", model: sonnet, usage, durationMillis: 1 }],
      dispatched(0, "b"),
      ...completed(4, "synthesis", 1)
    )
    assert.deepStrictEqual(
      [...state.asks, state.synthesis!].map(({ costUsd, dispatches, model, name, usage }) => [
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
    const state = fold(begin(0, "a", "b"), dispatched(0, "a"), dispatched(0, "b"), interrupted(5, "a"), failed(6, "b"))
    assert.strictEqual(state.inFlight, 0)
  })

  it("takes an ask that no research announced", () => {
    const state = fold(...completed(0, "alone", 1200))
    assert.deepStrictEqual([state.total, state.answered, state.asks[0]?.question], [1, 1, "alone?"])
  })

  it("folds 10,000 asks with their events in well under a second of processor time", () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `ask${index + 1}`)
    const events = [begin(0, ...names), ...names.flatMap((name) => completed(0, name, 1)), end(1, 1)].map(eventOf)
    const state = RunState.make()
    const from = process.cpuUsage()
    for (const event of events) state.add(event)
    const { system, user } = process.cpuUsage(from)
    assert.isBelow((system + user) / 1000, 500)
    assert.deepStrictEqual([state.answered, state.inFlight, state.usage.inputTokens], [10_000, 0, 10_000_000])
  })
})

import { assert, describe, it } from "@effect/vitest"
import { type Event, Message } from "fanfold"
import * as Tally from "../src/Tally.ts"
import { priced } from "./Priced.ts"

const haiku = "claude-haiku-5-5"
const sonnet = "claude-sonnet-5-5"

/** Haiku takes 0.10 and 0.50 USD per million tokens, so this costs 0.0011 USD there. */
const usage: Message.Usage = { ...Message.noUsage, inputTokens: 1000, outputTokens: 2000 }

type Fields<E> = E extends Event.Event ? Omit<E, "version" | "at" | "run" | "ask" | "part"> : never
type Happening = readonly [at: number, ask: string, fields: Fields<Event.Event>]

const eventOf = ([at, ask, fields]: Happening): Event.Event => ({
  ...priced(fields),
  version: 1,
  at,
  run: "run",
  ask,
  part: ask === "synthesis" ? "synthesis" : "ask"
})

const fold = (...happenings: ReadonlyArray<Happening>): Tally.Tally => {
  const tally = Tally.make()
  for (const happening of happenings) tally.add(eventOf(happening))
  return tally
}

const begin = (at: number, ...names: ReadonlyArray<string>): Happening => [
  at,
  "",
  {
    _tag: "ResearchStarted",
    asks: names.map((name) => ({ name, question: `${name}?` })),
    policy: "all",
    concurrency: "unbounded"
  }
]
const end = (at: number, durationMillis: number): Happening => [
  at,
  "",
  { _tag: "ResearchEnded", answered: 0, failed: 0, interrupted: 0, durationMillis }
]
const started = (at: number, ask: string): Happening => [at, ask, { _tag: "Started", question: `${ask}?` }]
const dispatched = (at: number, ask: string, attempt = 1): Happening => [
  at,
  ask,
  { _tag: "Dispatched", attempt, model: haiku }
]
const replied = (at: number, ask: string, model = haiku, spent = usage, attempt = 1): Happening => [
  at,
  ask,
  { _tag: "Replied", attempt, model, stopReason: "end_turn", usage: spent, durationMillis: 1 }
]
const answered = (at: number, ask: string, spent = usage): Happening => [
  at,
  ask,
  { _tag: "Answered", model: haiku, usage: spent, durationMillis: 1 }
]
const attemptFailed = (at: number, ask: string, paid: { usage?: Message.Usage; model?: string } = {}): Happening => [
  at,
  ask,
  { _tag: "AttemptFailed", attempt: 1, reason: "Overloaded", message: "overloaded: busy", durationMillis: 1, ...paid }
]
const failed = (at: number, ask: string): Happening => [
  at,
  ask,
  { _tag: "Failed", reason: "Overloaded", message: "overloaded: busy", durationMillis: 1 }
]
const interrupted = (at: number, ask: string): Happening => [at, ask, { _tag: "Interrupted", durationMillis: 1 }]

const whole = (at: number, ask: string, durationMillis: number): ReadonlyArray<Happening> => [
  started(at, ask),
  dispatched(at, ask),
  replied(at + durationMillis, ask),
  answered(at + durationMillis, ask)
]

describe("Tally", () => {
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
    const tally = Tally.make()
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
    const tally = fold(begin(0, "a", "b"), replied(1, "a"), replied(1, "b", "claude-next"), replied(2, "a"))
    assert.strictEqual(tally.costUsd, undefined)
    assert.deepStrictEqual([...tally.unpriced], ["claude-next"])
    assert.strictEqual(tally.usage.outputTokens, 6000)
    assert.strictEqual(Tally.summary(tally)[1], "3,000 tokens in, 6,000 out, cost unknown: no price for claude-next")
  })

  it("has nothing in flight once a stopped ask has ended, though its request told no end", () => {
    const tally = fold(begin(0, "a", "b"), dispatched(0, "a"), dispatched(0, "b"), interrupted(5, "a"), failed(6, "b"))
    assert.strictEqual(tally.inFlight, 0)
  })

  it("takes an ask that no research announced", () => {
    const tally = fold(...whole(0, "alone", 1200))
    assert.deepStrictEqual([tally.total, tally.answered, tally.asks[0]?.question], [1, 1, "alone?"])
    assert.deepStrictEqual(Tally.summary(tally), [
      "1 ask in 1.2 s",
      "1,000 tokens in, 2,000 out, about $0.0011 (estimated)"
    ])
  })

  it("folds 10,000 asks with their events in well under a second", () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `ask${index + 1}`)
    const events = [begin(0, ...names), ...names.flatMap((name) => whole(0, name, 1)), end(1, 1)].map(eventOf)
    const tally = Tally.make()
    const from = performance.now()
    for (const event of events) tally.add(event)
    assert.isBelow(performance.now() - from, 500)
    assert.deepStrictEqual([tally.answered, tally.inFlight, tally.usage.inputTokens], [10_000, 0, 10_000_000])
  })
})

describe("Tally.summary", () => {
  it("says what asking together bought, and what it cost", () => {
    const tally = fold(
      begin(0, "a", "b", "c"),
      ...whole(0, "a", 1200),
      ...whole(0, "b", 1600),
      ...whole(0, "c", 1300),
      end(1600, 1600)
    )
    assert.deepStrictEqual(Tally.summary(tally), [
      "3 asks in 1.6 s; one after another 4.1 s: 2.6×",
      "3,000 tokens in, 6,000 out, about $0.0033 (estimated)"
    ])
  })

  it("compares nothing where fewer than two asks were answered", () => {
    const tally = fold(begin(0, "a", "b"), ...whole(0, "a", 900), dispatched(0, "b"), failed(800, "b"), end(900, 900))
    assert.strictEqual(Tally.summary(tally)[0], "1 of 2 asks answered in 0.9 s")
  })

  it("says how many web searches are in the cost", () => {
    const tally = fold(begin(0, "a"), replied(1, "a", haiku, { ...usage, webSearches: 2 }))
    assert.strictEqual(
      Tally.summary(tally)[1],
      "1,000 tokens in, 2,000 out, about $0.0211 with 2 web searches (estimated)"
    )
  })

  it("is empty where nothing happened", () => {
    assert.deepStrictEqual(Tally.summary(Tally.make()), [])
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
    assert.strictEqual(Tally.durationText(millis), text)
  })

  it.each([
    [0, "$0.00"],
    [0.0000456, "$0.000046"],
    [0.00099, "$0.00099"],
    [0.01234, "$0.0123"],
    [0.5, "$0.5000"],
    [1234.567, "$1,234.57"]
  ])("%d dollars are %s", (usd, text) => {
    assert.strictEqual(Tally.usdText(usd), text)
  })
})

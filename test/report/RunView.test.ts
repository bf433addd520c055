/** What a page shows of a run: the bars of each ask against its events, its gaps, its costs, and how they are asked again. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Event } from "fanfold"
import { spanOf } from "../../src/report/page/browser/Geometry.ts"
import { type About, RunView } from "../../src/report/RunView.ts"
import type { Bar, View } from "../../src/report/View.ts"
import {
  begin,
  dispatched,
  eventOf,
  type Emitted,
  end,
  failed,
  replied,
  answered,
  reused,
  started
} from "../RunEvents.ts"
import { eventsOf } from "./SeededRun.ts"

export const about: About = {
  plan: "plan.yaml",
  state: "ended",
  simulated: false,
  error: null,
  again: { command: "fanfold run plan.yaml --reuse", isKept: true },
  foreseenCostUsd: null,
  document: null
}

const viewOf = (events: ReadonlyArray<Event.Event>, more: Partial<About> = {}): View => {
  const view = new RunView()
  for (const event of events) view.add(event)
  return view.data({ ...about, ...more })
}
const viewed = (...emitteds: ReadonlyArray<Emitted>) => viewOf(emitteds.map(eventOf))
const barsOf = (view: View, name: string): ReadonlyArray<Bar> => view.asks.find((ask) => ask.name === name)!.bars

/** Attempts of an ask as its events tell them, read without any state: from, first token, to. */
const attemptsOf = (events: ReadonlyArray<Event.Event>, isHedge: boolean) => {
  const own = events.filter((event) => "attempt" in event && isHedge === ("hedge" in event && event.hedge))
  return own.flatMap((event, n) => {
    if (event._tag !== "Dispatched") return []
    const later = own.slice(n + 1)
    const ended = later.find(({ _tag }) => _tag === "Replied" || _tag === "AttemptFailed")!
    const first = later.find(({ _tag }) => _tag === "FirstToken")
    const hasBegun = first !== undefined && first.at <= ended.at && later.indexOf(first) < later.indexOf(ended)
    return [{ from: event.at, first: hasBegun ? first.at : undefined, to: ended.at }]
  })
}

const ends = (bars: ReadonlyArray<Bar>) => bars.map(([, from, millis]) => [from, from + millis])

describe("the bars of a run", () => {
  it.effect(
    "begin and end within one pixel of its events, in 200 seeded runs",
    () =>
      Effect.gen(function* () {
        const seen = new Set<string>()
        for (let seed = 1; seed <= 200; seed++) {
          const events = yield* eventsOf(seed)
          const view = viewOf(events)
          const startedAt = events[0]!.at
          for (const { bars, name } of view.asks) {
            for (const [phase] of bars) seen.add(phase)
            const own = events.filter(({ ask }) => ask === name)
            const told = attemptsOf(own, false).flatMap(({ first, from, to }) =>
              first === undefined
                ? [[from, to]]
                : [
                    [from, first],
                    [first, to]
                  ]
            )
            const copies = attemptsOf(own, true).map(({ from, to }) => [from, to])
            const relative = (pairs: ReadonlyArray<ReadonlyArray<number>>) =>
              pairs.map(([from, to]) => [from! - startedAt, to! - startedAt])
            const drawn = bars.filter(([phase]) => /^(sent|answer|plain)/.test(phase))
            assert.deepStrictEqual(ends(drawn), relative(told), `attempts of ${name}, seed ${seed}`)
            const drawnCopies = bars.filter(([phase]) => phase.startsWith("hedge"))
            assert.deepStrictEqual(ends(drawnCopies), relative(copies), `copies of ${name}, seed ${seed}`)
            // From the beginning of the research to the ask's end; in a gap, only a second copy is on its way.
            const chain = ends(bars.filter(([phase]) => !phase.startsWith("hedge")))
            assert.strictEqual(chain[0]?.[0], 0)
            const begins = [...chain.slice(1).map(([from]) => from!), own.at(-1)!.at - startedAt]
            for (const [n, next] of begins.entries()) {
              const to = chain[n]![1]!
              const isCopied = ends(drawnCopies).some(([from, end]) => from! <= to && end! >= next)
              assert.isTrue(
                next === to || (next > to && isCopied),
                `a gap from ${to} to ${next} in ${name}, seed ${seed}`
              )
            }
            for (const width of [240, 777, 1500]) {
              const scale = width / view.durationMillis
              for (const [, from, millis] of bars) {
                const { left, width: drawnWidth } = spanOf(from, millis, view.durationMillis, width)
                assert.approximately(left, from * scale, 1)
                assert.approximately(left + drawnWidth, (from + millis) * scale, 1)
              }
            }
          }
        }
        for (const phase of [
          "turn",
          "paced",
          "sent",
          "answer",
          "plain",
          "sent-failed",
          "answer-failed",
          "backoff",
          "hedge"
        ]) {
          assert.isTrue(seen.has(phase), `no run had ${phase}`)
        }
      }),
    60_000
  )

  it("tell how long the prompt cache and the limits of the account held an ask back", () => {
    const view = viewed(
      begin(0, "a"),
      started(0, "a"),
      [100, "a", { _tag: "Dispatched", attempt: 1, model: "m", waited: { warm: 30, pacing: 50 } }],
      replied(150, "a"),
      answered(150, "a")
    )
    assert.deepStrictEqual(barsOf(view, "a"), [
      ["held", 0, 20],
      ["warmed", 20, 30],
      ["paced", 50, 50],
      ["plain", 100, 50]
    ])
  })

  it("reach up to the present while an ask is under way", () => {
    const events = [begin(0, "a", "b"), started(0, "a"), dispatched(10, "a")].map(eventOf)
    const view = viewOf(events, { state: "under way", now: 100 })
    assert.deepStrictEqual(barsOf(view, "a"), [
      ["held", 0, 10],
      ["plain", 10, 90]
    ])
    assert.deepStrictEqual(barsOf(view, "b"), [["turn", 0, 100]])
  })

  it("show a request that a worker lost, and the one after it", () => {
    const view = viewed(
      begin(0, "a"),
      started(0, "a"),
      dispatched(0, "a"),
      dispatched(70, "a"),
      replied(90, "a"),
      answered(90, "a")
    )
    assert.deepStrictEqual(barsOf(view, "a"), [
      ["sent-failed", 0, 70],
      ["plain", 70, 20]
    ])
  })
})

describe("a run on a page", () => {
  it("names its gaps by their reason, the most frequent first", () => {
    const view = viewed(
      begin(0, "a", "b", "c", "d"),
      started(0, "a"),
      failed(5, "a"),
      started(0, "b"),
      failed(6, "b"),
      end(7, 7)
    )
    assert.deepStrictEqual(view.gaps, [
      { reason: "Overloaded", message: "overloaded: busy", names: ["a", "b"] },
      { reason: "NotAsked", message: "", names: ["c", "d"] }
    ])
    assert.deepStrictEqual(view.again, about.again)
  })

  it("says nothing of asking again where nothing is missing", () => {
    const view = viewed(begin(0, "a"), started(0, "a"), dispatched(0, "a"), replied(9, "a"), answered(9, "a"))
    assert.isNull(view.again)
    assert.deepStrictEqual(
      view.models.map(({ model, replies }) => [model, replies]),
      [["claude-haiku-5-5", 1]]
    )
  })

  it("names the worker that asked", () => {
    const sent = { _tag: "Dispatched", attempt: 1, model: "m", worker: "host2 4711" } as const
    const view = viewed(begin(0, "a", "b"), started(0, "a"), [1, "a", sent], started(0, "b"), dispatched(1, "b"))
    assert.deepStrictEqual(
      view.asks.map(({ worker }) => worker),
      ["host2 4711", null]
    )
  })

  it("has what the votes of an ask agree in, and the asks of each further round", () => {
    const view = viewed(
      begin(0, "a", "b"),
      [9, "a", { _tag: "Voted", votes: 5, answered: 4, agreeing: 3 }],
      [9, "", { _tag: "RoundPlanned", round: 2, asks: ["round2-c"] }],
      [9, "", { _tag: "RoundFailed", round: 3, reason: "Unfoldable", message: "too many" }]
    )
    assert.deepStrictEqual(
      view.asks.map(({ votes }) => votes),
      ["3 of 5 votes agree, 1 did not come", undefined]
    )
    assert.deepStrictEqual(view.rounds, [
      { round: 2, asks: ["round2-c"], message: null },
      { round: 3, asks: [], message: "too many" }
    ])
  })

  it("tells what an answer cost the run that it is from", () => {
    const view = viewed(begin(0, "a"), started(0, "a"), reused(1, "a"), answered(1, "a"))
    assert.deepInclude(view.asks[0], { attempts: 0, estimatedCostUsd: 0 })
    assert.strictEqual(view.asks[0]?.reused?.from, "earlier")
    assert.deepStrictEqual(barsOf(view, "a"), [["reused", 0, 1]])
  })
})

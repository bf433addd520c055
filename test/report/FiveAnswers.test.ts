/** The five answers at the top of a page, in words. */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { adviceOf } from "../../src/report/Advice.ts"
import { comparedOf, fiveAnswers, lostOf, percentsOf } from "../../src/report/FiveAnswers.ts"
import { type About, RunView } from "../../src/report/RunView.ts"
import {
  answered,
  begin,
  dispatched,
  type Emitted,
  end,
  eventOf,
  failed,
  failedFold,
  haiku,
  retrying,
  attemptFailed,
  replied,
  started
} from "../RunEvents.ts"

const about: About = {
  plan: "plan.yaml",
  state: "ended",
  simulated: false,
  error: null,
  again: { command: "fanfold run plan.yaml --reuse", isKept: true },
  foreseenCostUsd: 0.5,
  document: "Three words here"
}

const viewOf = (emitteds: ReadonlyArray<Emitted>, more: Partial<About> = {}) => {
  const view = new RunView()
  for (const emitted of emitteds) view.add(eventOf(emitted))
  return view.data({ ...about, ...more })
}

const answersOf = (emitteds: ReadonlyArray<Emitted>, more: Partial<About> = {}) => fiveAnswers(viewOf(emitteds, more))

const timeOf = (events: ReadonlyArray<Emitted>) => answersOf(events)[2]?.answer

const late = (name: string, message: string): ReadonlyArray<Emitted> => [
  started(0, name),
  [9, name, { _tag: "Failed", reason: "TimedOut", message, durationMillis: 1 }]
]

const asked = (name: string, millis: number) => [
  started(0, name),
  dispatched(0, name),
  replied(millis, name),
  answered(millis, name)
]

describe("the five answers", () => {
  it("say of a complete run what it found, took and cost", () => {
    const answers = answersOf([begin(0, "a", "b"), ...asked("a", 1000), ...asked("b", 3000), end(3000, 3000)])
    assert.deepStrictEqual(
      answers.map(({ answer }) => answer),
      [
        "A document of 3 words, made of 2 answers.",
        "Nothing: all 2 asks are answered.",
        "3.0 s in all. One after another it would have been 4.0 s, 1.3 times as long. Of the asks' time: 100 % Claude answering.",
        "About $0.0022 (estimated from list prices), of at most $0.5000 foreseen: 2,000 tokens in, 4,000 out.",
        "Nothing."
      ]
    )
  })

  it("leave what an ask waited for its turn to try again out of the time one after another", () => {
    const events = [
      begin(0, "a", "b"),
      ...asked("a", 1000),
      started(0, "b"),
      dispatched(0, "b"),
      attemptFailed(500, "b"),
      retrying(500, "b", 200),
      dispatched(9000, "b", 2),
      replied(10_000, "b"),
      answered(10_000, "b")
    ]
    const [, , time] = answersOf(events)
    assert.include(
      time?.answer,
      "10 s in all. Of the asks' time: ",
      "1 s and 1.7 s are less than the 10 s that it took"
    )
    const { idealMillis, sequentialMillis } = comparedOf(viewOf(events))
    assert.deepStrictEqual([sequentialMillis, idealMillis], [2700, 1700])
  })

  it("say what held asks back: overloads in a row, or the account's limits", () => {
    const names = ["a", "b", "c"]
    const rested = (reason: string): ReadonlyArray<Emitted> => [
      begin(0, ...names),
      ...names.flatMap((name): ReadonlyArray<Emitted> => [
        started(0, name),
        dispatched(0, name),
        [10, name, { _tag: "AttemptFailed", attempt: 1, reason, message: "", durationMillis: 1 }],
        [10, name, { _tag: "Retrying", attempt: 1, reason, message: "", delayMillis: 10 }]
      ]),
      ...names.flatMap((name): ReadonlyArray<Emitted> => [
        [1000, name, { _tag: "Dispatched", attempt: 2, model: haiku, waited: { pacing: 980 } }],
        replied(1010, name),
        answered(1010, name)
      ])
    ]
    assert.match(timeOf(rested("Overloaded"))!, /9\d % held back as the API was overloaded,/)
    assert.match(timeOf(rested("RateLimited"))!, /9\d % held back by the account's limits,/)
    const limited = rested("RateLimited").map(([at, ask, fields]): Emitted => [at + 9000, ask, fields])
    assert.match(timeOf([...rested("Overloaded"), ...limited])!, / % held back by the account's limits, or as the API/)
    // Each has had a reply before the next: a single overload makes no call rest.
    const apart = rested("Overloaded").toSorted((a, b) => a[1].localeCompare(b[1]))
    assert.match(timeOf(apart)!, / % held back by the account's limits,/)
  })

  it("say of a run with gaps what was lost, why, and which command mends it", () => {
    const events = [
      begin(0, "a", "b", "c"),
      ...asked("a", 1000),
      started(0, "b"),
      failed(9, "b"),
      started(0, "c"),
      failed(9, "c")
    ]
    const [found, missing, , , again] = answersOf(events, {
      error: "2 asks failed",
      document: null,
      state: "unfinished"
    })
    assert.strictEqual(found?.answer, "1 of 3 answers, and no document, as the run failed: 2 asks failed")
    assert.strictEqual(missing?.answer, "2 of 3 answers: 2 found the API overloaded at their last try.")
    assert.strictEqual(
      again?.answer,
      "2 asks; what is answered is kept, and costs nothing more. First: wait a few minutes, or name a second model (--model a,b). Then type:"
    )
    assert.strictEqual(again?.command, "fanfold run plan.yaml --reuse")
  })

  it("count the synthesis among what is to be asked again, and leave several pieces of advice to what is below", () => {
    const events = [
      begin(0, "a", "b"),
      ...asked("a", 1000),
      started(0, "b"),
      failed(9, "b", "Refused"),
      started(2000, "synthesis"),
      failed(2009, "synthesis")
    ]
    const [found, missing, , , again] = answersOf(events, { document: null, state: "unfinished" })
    assert.strictEqual(missing?.answer, "1 of 2 answers: 1 was refused by Claude.")
    assert.match(found?.answer ?? "", /^1 of 2 answers, but no document: the synthesis failed: /)
    assert.strictEqual(
      again?.answer,
      "1 ask and the synthesis; what is answered is kept, and costs nothing more. First: what is said below for each reason. Then type:"
    )
  })

  it("say which answers a document lacks because folds of its tree have no text, each once", () => {
    const view = new RunView()
    const folds = [...failedFold("synthesis.1.1", 1, ["a", "b"]), ...failedFold("synthesis.2.1", 2, ["a", "b", "c"])]
    const asks = [begin(0, "a", "b", "c", "d", "e"), ...["a", "b", "c", "d"].flatMap((name) => asked(name, 1000))]
    for (const emitted of [...asks, started(0, "e"), failed(9, "e", "Refused"), ...folds]) view.add(eventOf(emitted))
    const [found, missing, , , again] = fiveAnswers(view.data(about))
    assert.deepStrictEqual(
      [found?.answer, missing?.answer, missing?.isBad, again?.answer],
      [
        "A document of 3 words, made of 1 of 5 answers.",
        "1 of 5 answers: 1 was refused by Claude; 3 answers are not in the document, as 2 folds have no text, the first, synthesis.1.1: overloaded: busy.",
        true,
        "1 ask, 2 folds and the synthesis; what is answered is kept, and costs nothing more. First: what is said below for each reason. Then type:"
      ]
    )
    const unfolded = fiveAnswers(view.data({ ...about, document: null, state: "unfinished" }))
    assert.strictEqual(
      unfolded[1]?.answer,
      "1 of 5 answers: 1 was refused by Claude.",
      "there is no document to lack it"
    )
  })

  it("name the limit that an ask met, and how to raise it", () => {
    const attempts = ["a", "b"].flatMap((name) => late(name, "timed out: the attempt took longer than 5 s"))
    const one = answersOf([begin(0, "a", "b"), ...attempts], { document: null })
    assert.include(one[1]?.answer, "2 had an attempt that ran out of time.")
    assert.include(one[4]?.answer, " First: raise timeout.attempt (--timeout-attempt). ")
    const others = [
      ...late("c", "timed out: the ask took longer than 9 s"),
      ...late("d", "out of time: no answer within the run's deadline of 9 s")
    ]
    const { gaps } = viewOf([begin(0, "a", "b", "c", "d"), ...attempts, ...others])
    assert.deepStrictEqual(
      gaps.map(({ message, names, reason }) => [names.length, adviceOf(reason, message).first]),
      [
        [2, "raise timeout.attempt (--timeout-attempt)"],
        [1, "raise retry.within (--retry-within), or its own timeout"],
        [1, "raise the deadline (--deadline)"]
      ]
    )
  })

  it("say that all is paid again where nothing was kept", () => {
    const events = [begin(0, "a"), started(0, "a"), failed(9, "a")]
    const again = { command: "fanfold run plan.yaml --no-journal", isKept: false }
    assert.include(answersOf(events, { again }).at(-1)?.answer, "nothing was kept, so that all is paid again")
  })

  it("say of a run under way what is lost so far, and of what has not ended only that it is not there yet", () => {
    const healthy = [begin(0, "a", "b", "c"), ...asked("a", 1000), started(0, "b"), dispatched(0, "b")]
    const underWay = { state: "under way", document: null, again: null } as const
    const [, missing] = answersOf(healthy, underWay)
    assert.strictEqual(missing?.answer, "Nothing so far; 2 asks have no answer yet.")
    assert.isUndefined(missing?.isBad)
    const [, lost] = answersOf([...healthy, failed(1000, "b")], underWay)
    assert.deepStrictEqual(
      [lost?.answer, lost?.isBad],
      ["1 found the API overloaded at its last try; 1 ask has no answer yet.", true]
    )
    const gaps = ["NotAsked", "NotAnswered", "Refused"].map((reason) => ({ reason, message: "", names: ["a"] }))
    assert.deepStrictEqual(
      [lostOf({ state: "under way", gaps }).length, lostOf({ state: "ended", gaps }).length],
      [1, 3]
    )
  })

  it("have percents that sum to 100", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 1, maxLength: 7 }), (amounts) => {
        const percents = percentsOf(amounts)
        const all = amounts.reduce((sum, amount) => sum + amount, 0)
        assert.strictEqual(
          percents.reduce((sum, percent) => sum + percent, 0),
          all === 0 ? 0 : 100
        )
        for (const [n, percent] of percents.entries()) {
          assert.isBelow(Math.abs(percent - (all === 0 ? 0 : (amounts[n]! / all) * 100)), 1)
        }
      })
    )
  })
})

/** The closing lines of a run. */
import { assert, describe, it } from "@effect/vitest"
import { Message } from "fanfold"
import * as Summary from "../../../src/cli/progress/Summary.ts"
import * as RunState from "../../../src/report/RunState.ts"
import {
  answered,
  begin,
  dispatched,
  end,
  reused,
  started,
  failed,
  fold,
  haiku,
  replied,
  usage,
  completed
} from "../../RunEvents.ts"

describe("the closing lines", () => {
  it("says what asking together bought, and what it cost", () => {
    const state = fold(
      begin(0, "a", "b", "c"),
      ...completed(0, "a", 1200),
      ...completed(0, "b", 1600),
      ...completed(0, "c", 1300),
      end(1600, 1600)
    )
    assert.deepStrictEqual(Summary.lines(state), [
      "3 asks in 1.6 s; one after another 4.1 s: 2.6×",
      "3,000 tokens in, 6,000 out, about $0.0033 (estimated)"
    ])
  })

  it("compares nothing where fewer than two asks were answered", () => {
    const state = fold(
      begin(0, "a", "b"),
      ...completed(0, "a", 900),
      dispatched(0, "b"),
      failed(800, "b"),
      end(900, 900)
    )
    assert.strictEqual(Summary.lines(state)[0], "1 of 2 asks answered in 0.9 s")
  })

  it("says how many web searches and fetches are in the cost", () => {
    const state = fold(begin(0, "a"), replied(1, "a", haiku, { ...usage, webSearches: 2, webFetches: 1 }))
    assert.strictEqual(
      Summary.lines(state)[1],
      "1,000 tokens in, 2,000 out, about $0.0211 with 2 web searches and 1 web fetch (estimated)"
    )
  })

  it("says which tokens cost half, as batches answered them", () => {
    const { cacheCreationInputTokens, cacheReadInputTokens, inputTokens, outputTokens } = usage
    const batch = { cacheCreationInputTokens, cacheReadInputTokens, inputTokens, outputTokens }
    const state = fold(begin(0, "a", "b"), ...completed(0, "a", 900), replied(1, "b", haiku, { ...usage, batch }))
    assert.include(Summary.lines(state), "In batches, at half the price: 1,000 tokens in, 2,000 out")
  })

  it("says what the journal gave, and compares only what was asked", () => {
    const state = fold(
      begin(0, "a", "b"),
      started(0, "a"),
      reused(0, "a"),
      answered(0, "a"),
      ...completed(0, "b", 900),
      end(900, 900)
    )
    assert.deepStrictEqual(Summary.lines(state), [
      "2 asks in 0.9 s",
      "1,000 tokens in, 2,000 out, about $0.0011 (estimated)",
      "1 answer from the journal: about $0.0011 saved (estimated)"
    ])
  })

  it("is empty where nothing happened", () => {
    assert.deepStrictEqual(Summary.lines(RunState.make()), [])
  })

  it("say that the cost is unknown, and why", () => {
    const state = fold(begin(0, "a", "b"), replied(1, "a"), replied(1, "b", "claude-next"))
    assert.strictEqual(
      Summary.lines(state, 0.5)[1],
      "2,000 tokens in, 4,000 out, cost unknown: no price for claude-next"
    )
  })

  it("say that the cost is unknown where tokens were not counted, also where none were", () => {
    const none = { ...Message.noUsage, isIncomplete: true as const }
    const state = fold(begin(0, "a", "b"), replied(1, "a"), replied(1, "b", haiku, none))
    const unknown = "cost unknown: not all replies say how many tokens they took"
    assert.strictEqual(Summary.lines(state, 0.5)[1], `1,000 tokens in, 2,000 out, ${unknown}`)
    assert.isUndefined(state.costUsd)
    const uncounted = fold(begin(0, "a"), replied(1, "a", haiku, none), replied(1, "b", "claude-next"))
    assert.strictEqual(Summary.lines(uncounted)[1], `1,000 tokens in, 2,000 out, ${unknown}; no price for claude-next`)
    assert.strictEqual(
      Summary.lines(fold(begin(0, "a"), replied(1, "a", haiku, none)))[1],
      `0 tokens in, 0 out, ${unknown}`
    )
  })

  it("put what was spent beside what was foreseen, more than that too", () => {
    const state = fold(begin(0, "a"), replied(1, "a"))
    assert.deepStrictEqual(
      [0.1846, 0.0011, 0.001].map((foreseenUsd) => Summary.lines(state, foreseenUsd)[1]?.split(" out, ")[1]),
      [
        "about $0.0011 (estimated), of at most $0.1846 foreseen",
        "about $0.0011 (estimated), of at most $0.0011 foreseen",
        "about $0.0011 (estimated), more than the $0.0010 foreseen"
      ]
    )
  })
})

/** The table of what each ask took. */
import { assert, describe, it } from "@effect/vitest"
import { Message } from "fanfold"
import * as AskTable from "../../../src/cli/progress/AskTable.ts"
import {
  answered,
  attemptFailed,
  begin,
  dispatched,
  end,
  failed,
  fold,
  haiku,
  interrupted,
  replied,
  sonnet,
  started,
  usage,
  completed
} from "../../RunEvents.ts"

/** The cost grows with the index and starts again at each multiple of 50. */
const spent = (index: number) => ({ ...Message.noUsage, inputTokens: 1000, outputTokens: 1000 * (index % 50) })

describe("the table", () => {
  const cached = { ...usage, cacheReadInputTokens: 20_000 }
  const state = fold(
    begin(0, "market", "rivals", "rules", "never"),
    ...completed(0, "market", 1200),
    started(0, "rivals"),
    dispatched(0, "rivals"),
    attemptFailed(100, "rivals"),
    dispatched(300, "rivals", 2),
    replied(2000, "rivals", sonnet, cached, 2),
    [2000, "rivals", { _tag: "Answered", model: sonnet, usage: cached, durationMillis: 1 }],
    dispatched(0, "rules"),
    failed(900, "rules"),
    interrupted(2000, "never"),
    end(2000, 2000),
    started(2000, "synthesis"),
    dispatched(2000, "synthesis"),
    replied(14_000, "synthesis", "claude-next"),
    [14_000, "synthesis", { _tag: "Answered", model: "claude-next", usage, durationMillis: 1 }]
  )

  it("has a line for each ask that was sent and for the synthesis, and columns that say something", () => {
    assert.deepStrictEqual(AskTable.lines(state), [
      "ask        model              attempts  tokens in  of cache    out     cost   time",
      "market     claude-haiku-5-5                 1,000            2,000  $0.0011  1.2 s",
      "rivals     claude-sonnet-5-5         2     21,000    20,000  2,000  $0.0240  2.0 s",
      "rules      claude-haiku-5-5                                                  0.9 s",
      "synthesis  claude-next                      1,000            2,000  unknown   12 s"
    ])
    const plain = fold(begin(0, "a", "b"), ...completed(0, "a", 1200), ...completed(0, "b", 1300))
    assert.deepStrictEqual(AskTable.lines(plain), [
      "ask  model             tokens in    out     cost   time",
      "a    claude-haiku-5-5      1,000  2,000  $0.0011  1.2 s",
      "b    claude-haiku-5-5      1,000  2,000  $0.0011  1.3 s"
    ])
  })

  it("leaves out what matters least where the terminal is narrow, and everything where it is too narrow", () => {
    const headings = [80, 60, 50, 40, 30, 20, 17].map((columns) => AskTable.lines(state, columns)[0])
    assert.deepStrictEqual(headings, [
      "ask        model              attempts  tokens in  of cache    out     cost",
      "ask        model              tokens in    out     cost",
      "ask        tokens in    out     cost",
      "ask        tokens in    out     cost",
      "ask          out     cost",
      "ask           cost",
      undefined
    ])
    for (let columns = 1; columns < 100; columns++) {
      for (const line of AskTable.lines(state, columns)) assert.isAtMost(line.length, columns)
    }
  })

  it("shows the web searches and fetches that are in a cost", () => {
    const searching = { ...usage, webSearches: 2, webFetches: 3 }
    const table = AskTable.lines(fold(begin(0, "a", "b"), dispatched(0, "a"), replied(1, "a", haiku, searching)))
    assert.deepStrictEqual(table, [
      "ask  model             tokens in    out  searches  fetches     cost",
      "a    claude-haiku-5-5      1,000  2,000         2        3  $0.0211"
    ])
  })

  it("is of more than one ask", () => {
    assert.deepStrictEqual(
      AskTable.lines(fold(begin(0, "a"), ...completed(0, "a", 1), ...completed(1, "synthesis", 1))),
      []
    )
    assert.deepStrictEqual(AskTable.lines(fold(begin(0, "a", "b"), interrupted(1, "a"), interrupted(1, "b"))), [])
  })

  it("lists of many asks the ten dearest, an unknown cost first", () => {
    const names = Array.from({ length: 100 }, (_, index) => `q${index}`)
    const many = fold(
      begin(0, ...names),
      ...names.flatMap((name, index) => [
        started(0, name),
        dispatched(0, name),
        replied(1000, name, index === 3 ? "claude-next" : haiku, spent(index)),
        answered(1000, name)
      ]),
      ...completed(1000, "synthesis", 500)
    )
    const lines = AskTable.lines(many)
    assert.deepStrictEqual(
      lines.map((line) => line.split(" ")[0]),
      ["ask", "q3", "q49", "q99", "q48", "q98", "q47", "q97", "q46", "q96", "q45", "…", "synthesis"]
    )
    assert.strictEqual(lines.at(-2), "… and 90 more")
    const [twelve, thirteen] = [12, 13].map((count) => {
      const few = names.slice(0, count)
      return AskTable.lines(fold(begin(0, ...few), ...few.flatMap((name) => completed(0, name, 1)))).length
    })
    assert.deepStrictEqual([twelve, thirteen], [13, 12])
  })

  it("holds nothing that a terminal obeys, whatever a model is called", () => {
    const odd = `\u001B[2Jnext\n${"x".repeat(100)}`
    const text = AskTable.lines(
      fold(begin(0, "a", "b"), dispatched(0, "a"), replied(1, "a", odd), ...completed(0, "b", 1))
    ).join("\n")
    assert.notInclude(text, "\u001B")
    assert.include(text, `a    next ${"x".repeat(35)}  `)
  })
})

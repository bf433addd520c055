/** What the page shows of votes and of further rounds. */
import { assert, describe, it } from "@effect/vitest"
import { browser, isInstalled } from "../../Browser.ts"
import { answered, begin, dispatched, eventOf, replied, started } from "../../RunEvents.ts"
import { answersTo, htmlOf, viewOf } from "./Shown.ts"

const open = browser()

const ask = (name: string) => [started(0, name), dispatched(1, name), replied(9, name), answered(9, name)]

describe.skipIf(!isInstalled)("a page of a run with votes and a second round", () => {
  it("has how many votes agree, their dissent beside the answer, and who was asked in which round", async () => {
    const view = viewOf(
      [
        begin(0, "a"),
        ...ask("a"),
        [9, "a", { _tag: "Voted", votes: 5, answered: 5, agreeing: 4 }] as const,
        [9, "", { _tag: "RoundPlanned", round: 2, asks: ["round2-b"] }] as const,
        begin(10, "round2-b"),
        ...ask("round2-b"),
        [11, "", { _tag: "RoundFailed", round: 3, reason: "Unfoldable", message: "too many <i>" }] as const
      ].map(eventOf)
    )
    const votes = "4 of 5 votes agree; dissent: wait <b>"
    const [, other = null] = answersTo(view)
    const answers = [{ value: "The answer of **a**.", sources: [], votes }, other]
    const { misdeeds, page } = await open(await htmlOf(view, answers))
    assert.deepStrictEqual(await page.locator('section[aria-labelledby="votes"] li').allInnerTexts(), [
      "a: 4 of 5 votes agree"
    ])
    assert.deepStrictEqual(await page.locator('section[aria-labelledby="rounds"] p').allInnerTexts(), [
      "Round 2: round2-b",
      "Round 3 brought nothing: too many <i>"
    ])
    await page.locator('section[aria-labelledby="votes"] button').click()
    await page.waitForSelector("dialog[open] .prose strong")
    assert.include(await page.locator("dialog[open]").innerText(), votes)
    assert.deepStrictEqual(misdeeds, [])
  })

  it("has no such sections where there is none of it", async () => {
    const { page } = await open(await htmlOf(viewOf([begin(0, "a"), started(0, "a")].map(eventOf))))
    assert.strictEqual(
      await page.locator('section[aria-labelledby="votes"], section[aria-labelledby="rounds"]').count(),
      0
    )
  })
})

/** The marks of a document on the page. */
import { assert, describe, it } from "@effect/vitest"
import { browser, isInstalled } from "../../Browser.ts"
import { answered, begin, dispatched, eventOf, replied, started } from "../../RunEvents.ts"
import { answersTo, htmlOf, viewOf } from "./Shown.ts"

const open = browser()

const ask = (name: string) => [started(0, name), dispatched(1, name), replied(9, name), answered(9, name)]

describe.skipIf(!isInstalled)("the marks of a document", () => {
  it("open the answers they name, and are text where no ask has the name, and in code and links", async () => {
    const view = {
      ...viewOf([begin(0, "rules", "rivals"), ...ask("rules"), ...ask("rivals")].map(eventOf)),
      document: "It grows [rules, rivals]. Who knows [nobody, rules]? `a[rules]` and [rules](https://a.test)."
    }
    const answers = answersTo(view).map((_, index) => ({ value: `Answer ${index}.`, sources: [] }))
    const { misdeeds, page } = await open(await htmlOf(view, answers))
    const document = page.locator('section[aria-labelledby="document"]')
    assert.deepStrictEqual(await document.locator("button").allInnerTexts(), ["rules", "rivals"])
    assert.include(await document.innerText(), "It grows [rules, rivals]. Who knows [nobody, rules]?")
    await document.locator("button").nth(1).click()
    await page.waitForSelector("dialog[open] .prose p")
    assert.include(await page.locator("dialog[open]").innerText(), "Answer 1.")
    assert.deepStrictEqual(misdeeds, [])
  })
})

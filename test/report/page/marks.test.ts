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

  it("stand on one line with the bracket and the comma beside them, and are no wider than a phone", async () => {
    const long = `r${"x".repeat(63)}`
    const names = ["rules", "rivals", long]
    const lines = Array.from(
      { length: 60 },
      (_, n) => `${"m".repeat(n)} grows [rules,rivals, ${long}]. It does [rules].`
    )
    const view = {
      ...viewOf([begin(0, ...names), ...names.flatMap(ask)].map(eventOf)),
      document: lines.join("\n\n")
    }
    const { page } = await open(await htmlOf(view, []), { viewport: { width: 360, height: 800 } })
    const apart = await page.evaluate(() => {
      const section = document.querySelector('section[aria-labelledby="document"]')!
      const range = document.createRange()
      const rectOf = (node: Node, from: number, to: number) => {
        range.setStart(node, from)
        range.setEnd(node, to)
        return range.getBoundingClientRect()
      }
      const walker = document.createTreeWalker(section, NodeFilter.SHOW_TEXT)
      const signs: Array<{ sign: string; top: number; bottom: number }> = []
      while (walker.nextNode()) {
        const { data } = walker.currentNode as Text
        if (walker.currentNode.parentElement?.matches("button") === true) {
          const { bottom, top } = rectOf(walker.currentNode, 0, data.length)
          signs.push({ sign: data, top, bottom })
        } else {
          for (const { 0: sign, index } of data.matchAll(/[[\],]/g)) {
            const { bottom, top } = rectOf(walker.currentNode, index, index + 1)
            signs.push({ sign, top, bottom })
          }
        }
      }
      return signs.flatMap((sign, n) => {
        const next = signs[n + 1]
        const isPair = next !== undefined && (sign.sign === "[" || next.sign === "]" || next.sign === ",")
        return isPair && (sign.bottom <= next.top || next.bottom <= sign.top) ? [`${sign.sign} ${next.sign}`] : []
      })
    })
    assert.deepStrictEqual(apart, [])
    assert.isTrue(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth))
  })
})

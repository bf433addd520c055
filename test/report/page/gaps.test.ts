/** What the page says of what is missing, and what to do. */
import { assert, describe, it } from "@effect/vitest"
import { browser, isInstalled } from "../../Browser.ts"
import { begin, dispatched, eventOf, interrupted, failed, failedFold, started } from "../../RunEvents.ts"
import { htmlOf, runOf, viewOf } from "./Shown.ts"

const open = browser()

describe.skipIf(!isInstalled)("a page of a run that lacks something", () => {
  it("says of a synthesis that failed why, and what to do", async () => {
    const events = [...runOf(3, 10), eventOf(started(5000, "synthesis")), eventOf(failed(5001, "synthesis"))]
    const { page } = await open(await htmlOf(viewOf(events, { document: null, state: "unfinished" })))
    assert.deepStrictEqual(await page.locator(".gap").allInnerTexts(), [
      "The document: its synthesis failed\n\noverloaded: busy\n\nWhat to do for the synthesis: wait a few minutes, or name a second model (--model a,b)."
    ])
  })

  it("says which answers are not in the document as their fold failed, and opens them", async () => {
    const events = [...runOf(3, 10), ...failedFold("synthesis.1.1", 1, ["ask0", "ask1"]).map(eventOf)]
    const { page } = await open(await htmlOf(viewOf(events)))
    assert.deepStrictEqual(await page.locator(".gap").allInnerTexts(), [
      "Not in the document: what 2 asks answered, as the fold synthesis.1.1 has no text\n\noverloaded: busy\n\nWhat to do: wait a few minutes, or name a second model (--model a,b).\n\nask0\nask1"
    ])
    await page.locator(".gap").getByRole("button", { name: "ask1" }).click()
    assert.strictEqual(await page.locator("dialog[open] .prose").innerText(), "The answer of ask1.")
  })

  it("says of asks that were stopped what to do, and of a run without answers no rate", async () => {
    const events = [
      begin(0, "a", "b"),
      ...["a", "b"].flatMap((name) => [started(0, name), dispatched(1, name), interrupted(900, name)])
    ]
    const { page } = await open(await htmlOf(viewOf(events.map(eventOf), { document: null })))
    assert.match(
      await page.locator(".gap").innerText(),
      /^2 asks were stopped before they were answered\n\nWhat to do: ask them again, as is said above\.\n/
    )
    assert.strictEqual(
      await page.locator('section[aria-labelledby="load"] p').first().innerText(),
      "At most 2 requests were in flight."
    )
  })
})

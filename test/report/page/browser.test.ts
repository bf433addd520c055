/** The page in a real browser: what is hostile in it does nothing, and everybody can use it. */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { browser, isInstalled } from "../../Browser.ts"
import { begin, dispatched, eventOf, failed, replied, answered, started } from "../../RunEvents.ts"
import { eventsOf } from "../SeededRun.ts"
import { answersTo, htmlOf, runOf, viewOf } from "./Shown.ts"

const open = browser()

/** Each would do something if it were taken for more than text. */
const hostile = [
  `<script>alert("script")</script></script><script>alert(1)</script>`,
  `<img src="https://evil.example/i" onerror="alert('img')"><svg onload="alert('svg')"><a xlink:href="javascript:alert(1)">x</a></svg>`,
  `<iframe src="https://evil.example/f"></iframe><link rel="stylesheet" href="https://evil.example/c"><meta http-equiv="refresh" content="0;url=https://evil.example/m">`,
  `[a](javascript:alert(1)) [b](data:text/html,<script>alert(1)</script>) [c](vbscript:x) [d](file:///etc/passwd) [e](&#106;avascript:alert(1)) <javascript:alert(1)>`,
  `![image](https://evil.example/image.png) ![x][r]\n\n[r]: https://evil.example/ref.png "onerror=alert(1)"`,
  `[good](https://example.org/ "title") <https://example.org/auto>`,
  `</style><style>*{background:url(https://evil.example/s)}</style><!-- --!> <![CDATA[`,
  "user\u202Egnp.exe\u2066 pay\u200Bpal \u001B[31mred",
  `<form action="https://evil.example/form"><input name=a autofocus onfocus=alert(1)><button>Send</button></form>`,
  `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">`
].join("\n\n")

const shownHostile = () => {
  const asks = [
    { name: "a", question: hostile },
    { name: "b", question: hostile }
  ]
  const events = [
    [0, "", { _tag: "ResearchStarted", policy: "all", concurrency: 2, asks }] as const,
    [0, "a", { _tag: "Started", question: hostile }] as const,
    dispatched(1, "a"),
    replied(900, "a", hostile),
    answered(900, "a"),
    started(0, "b"),
    [950, "b", { _tag: "Failed", reason: "Overloaded", message: hostile, durationMillis: 1 }] as const
  ].map(eventOf)
  return viewOf(events, {
    document: hostile,
    plan: `/x/${hostile}`,
    again: { command: `fanfold '${hostile}'`, isKept: true }
  })
}

describe.skipIf(!isInstalled)("a page with hostile content", () => {
  it("runs nothing of it, and loads nothing", async () => {
    const view = shownHostile()
    const answers = [
      {
        value: hostile,
        sources: [
          { url: "javascript:alert(1)", title: hostile },
          { url: "https://example.org/s", title: "s" }
        ]
      },
      null
    ]
    const { misdeeds, page } = await open(await htmlOf(view, answers))
    await page.locator("button.line").first().click()
    await page.waitForSelector("dialog[open] .prose p")
    for (const element of [
      "script:not([type='text/plain'])",
      "img",
      "svg image",
      "iframe",
      "link",
      "form[action]",
      "style",
      "object",
      "embed",
      "base"
    ]) {
      const own = element.startsWith("script") || element === "style" ? 1 : 0
      assert.strictEqual(await page.locator(element).count(), own, element)
    }
    const links = await page
      .locator("a")
      .evaluateAll((all) => all.map((a) => [a.getAttribute("href"), (a as HTMLAnchorElement).rel]))
    assert.isNotEmpty(links)
    for (const [href, rel] of links) {
      assert.match(href!, /^https?:\/\//)
      assert.strictEqual(rel, "noopener noreferrer")
    }
    const attributes = await page.evaluate(() =>
      [...document.querySelectorAll("*")].flatMap((each) => each.getAttributeNames())
    )
    assert.deepStrictEqual(
      attributes.filter((name) => name.startsWith("on")),
      []
    )
    const text = await page.evaluate(() => document.body.innerText)
    assert.notMatch(text, /[\u202A-\u202E\u2066-\u2069\u200B]/)
    assert.isTrue(
      await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
      "it is wider than the window"
    )
    assert.deepStrictEqual(misdeeds, [])
  })

  it("lets no script in, and connects to nothing, whatever gets into it", async () => {
    const { misdeeds, page } = await open(await htmlOf(viewOf(runOf(2, 9))))
    const done = await page.evaluate(async () => {
      const results: Array<string> = []
      const attempt = async (name: string, body: () => unknown) => {
        try {
          await body()
          results.push(name)
        } catch {
          // It is what should happen.
        }
      }
      await attempt("html", () => (document.body.innerHTML += "<b>x</b>"))
      // Not from here: what the debugger evaluates may do more than the page.
      await attempt(
        "eval",
        () =>
          new Promise((done, failed) =>
            setTimeout(() => {
              try {
                // oxlint-disable-next-line typescript/no-implied-eval
                done(new Function("return 1")())
              } catch (error) {
                failed(error)
              }
            })
          )
      )
      await attempt("fetch", () => fetch("https://evil.example/"))
      await attempt("handler", () => {
        document.body.setAttribute("onclick", "window.ran = true")
        document.body.click()
        if (!("ran" in window)) throw new Error("blocked")
      })
      return results
    })
    assert.deepStrictEqual(done, [])
    assert.deepStrictEqual(
      misdeeds.filter((each) => /^(dialog|popup)/.test(each)),
      []
    )
  })

  it.each([
    ["one line of 1 MB", "word [x](y *a _b ".repeat(64_000)],
    ["1 MB without a space", "x".repeat(1_000_000)],
    ["10,000 levels of lists", `${"- ".repeat(10_000)}deep`],
    ["10,000 levels of quotes", `${"> ".repeat(10_000)}deep`],
    ["10,000 brackets and stars", "[".repeat(10_000) + "*".repeat(10_000) + "`".repeat(10_001)]
  ])(
    "shows %s, and stays usable",
    async (_, text) => {
      const view = viewOf(runOf(2, 9), { document: text })
      const { misdeeds, page } = await open(
        await htmlOf(
          view,
          answersTo(view, () => text)
        )
      )
      await page.locator("button.line").first().click()
      await page.waitForSelector("dialog[open] .prose > :not(:empty)")
      await page.keyboard.press("Escape")
      assert.strictEqual(await page.locator("dialog[open]").count(), 0)
      assert.isTrue(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth))
      assert.deepStrictEqual(misdeeds, [])
    },
    60_000
  )
})

describe.skipIf(!isInstalled)("a page", () => {
  const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")

  it.each(["light", "dark"] as const)(
    "has no serious fault for a screen reader, in %s",
    async (colorScheme) => {
      for (const asks of [5, 200]) {
        const { page } = await open(await htmlOf(viewOf(runOf(asks))), { colorScheme, bypassCSP: true })
        const faults = async () => {
          await page.evaluate(axe)
          const { violations } = await page.evaluate<{
            violations: ReadonlyArray<{ id: string; impact: string; nodes: ReadonlyArray<{ html: string }> }>
          }>("axe.run()")
          return violations
            .filter(({ impact }) => impact === "serious" || impact === "critical")
            .map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)
        }
        assert.deepStrictEqual(await faults(), [])
        await page.locator(".place button").first().click()
        if (asks > 40) await page.locator(".place button.line:not(.lane)").first().click()
        await page.waitForSelector("dialog[open]")
        assert.deepStrictEqual(await faults(), [])
      }
    },
    60_000
  )

  it("is used by keyboard alone: rows, lanes, an answer, and back", async () => {
    const { misdeeds, page } = await open(await htmlOf(viewOf(runOf(200))))
    const focused = () => page.evaluate(() => document.activeElement?.textContent?.replace(/^[▾▸] /, ""))
    for (let presses = 0; presses < 60 && (await focused()) !== "20 failed"; presses++) await page.keyboard.press("Tab")
    assert.strictEqual(await focused(), "20 failed")
    await page.keyboard.press("ArrowDown")
    assert.strictEqual(await focused(), "180 answered")
    await page.keyboard.press("Enter")
    await page.keyboard.press("End")
    assert.match((await focused())!, /^ask198: answered/)
    await page.keyboard.press("Enter")
    await page.waitForSelector("dialog[open] .prose strong")
    assert.strictEqual(await page.locator("dialog[open] .prose").innerText(), "The answer of ask198.")
    await page.keyboard.press("Escape")
    assert.match((await focused())!, /^ask198: answered/)
    await page.keyboard.press("Home")
    assert.strictEqual(await focused(), "20 failed")
    assert.deepStrictEqual(misdeeds, [])
  })

  it("finds and filters asks", async () => {
    const { page } = await open(await htmlOf(viewOf(runOf(200))))
    await page.getByLabel("Search").fill("ask19")
    assert.strictEqual(await page.locator(".count").innerText(), "11 of 200 asks")
    await page.getByRole("button", { name: "Not answered" }).click()
    assert.strictEqual(await page.locator(".count").innerText(), "2 of 200 asks")
    assert.deepStrictEqual(await page.locator(".place .name").allInnerTexts(), ["ask19", "ask199"])
  })

  it("draws the bars where the events are, to a pixel", async () => {
    for (const seed of [3, 11, 42]) {
      const view = viewOf(await Effect.runPromise(eventsOf(seed)))
      const { page } = await open(
        await htmlOf(
          view,
          view.asks.map(() => null)
        )
      )
      const drawn = await page.locator(".place .bars").evaluateAll((rows) =>
        rows.map((row) => {
          const own = row.getBoundingClientRect()
          return [...row.children].map((bar) => {
            const { left, right } = bar.getBoundingClientRect()
            return { left: left - own.left, right: right - own.left, width: own.width }
          })
        })
      )
      for (const [n, { bars }] of view.asks.entries()) {
        assert.lengthOf(drawn[n]!, bars.length)
        for (const [m, [, from, millis]] of bars.entries()) {
          const { left, right, width } = drawn[n]![m]!
          const scale = width / view.durationMillis
          assert.approximately(left, from * scale, 1)
          assert.approximately(right, (from + millis) * scale, 1)
        }
      }
    }
  }, 60_000)

  it("draws of 10,000 asks only those in sight, and opens any", async () => {
    const view = viewOf(runOf(10_000, 20_000))
    const { misdeeds, page } = await open(await htmlOf(view))
    await page.locator("button.lane").click()
    await page.keyboard.press("End")
    await page.keyboard.press("Enter")
    await page.waitForSelector("dialog[open] .prose strong")
    assert.strictEqual(await page.locator("dialog[open] .prose").innerText(), "The answer of ask9999.")
    assert.isBelow(await page.locator(".place").count(), 60)
    assert.deepStrictEqual(misdeeds, [])
  }, 60_000)

  it("says what it has to say without scripts, on a phone, and on paper", async () => {
    const html = await htmlOf(viewOf([begin(0, "a"), started(0, "a"), failed(9, "a")].map(eventOf)))
    const { page: plain } = await open(html, { javaScriptEnabled: false })
    const text = await plain.locator("body").innerText()
    assert.include(text, "1 of 1 answer: 1 found the API overloaded")
    assert.include(text, "fanfold run plan.yaml --reuse")
    const { page: phone } = await open(await htmlOf(viewOf(runOf(200))), { viewport: { width: 360, height: 640 } })
    assert.isTrue(await phone.evaluate(() => document.documentElement.scrollWidth <= innerWidth))
    const { page: paper } = await open(await htmlOf(viewOf(runOf(30))))
    await paper.emulateMedia({ media: "print" })
    assert.strictEqual(await paper.locator(".choices").isVisible(), false)
    assert.strictEqual(await paper.locator(".five").isVisible(), true)
  })

  it("has on a phone the time and the cost of a row, and its bars below its name", { timeout: 60_000 }, async () => {
    const { page } = await open(await htmlOf(viewOf(runOf(4, 9))), { viewport: { width: 360, height: 640 } })
    const row = page.locator("button.line.answered").first()
    assert.deepStrictEqual(await row.locator(".time:visible, .cost:visible").allInnerTexts(), ["890 ms", "$0.0011"])
    const [name, bars] = await Promise.all([row.locator(".name").boundingBox(), row.locator(".bars").boundingBox()])
    assert.isAtLeast(bars!.y, name!.y + name!.height)
  })
})

/** The page of a run that is served while it goes on: who may see it, what it shows, and what it changes. */
import { request } from "node:http"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { assert, describe, it } from "@effect/vitest"
import { fault, mockClaude } from "fanfold/mocks"
import { chromium } from "playwright-core"
import { existsSync } from "node:fs"
import { controls, fanfold, folders, reaching, type Running, start, until } from "./Process.ts"

const folder = folders()

const plan = "asks: { sun: How far is the sun?, moon: How far is the moon? }\nsynthesis: Compare both.\n"

/** A run with `--ui` whose ask about the moon hangs, and the address that it has printed. */
const shown = async (url: string): Promise<Running & { readonly address: URL; readonly said: () => string }> => {
  const cwd = folder({ "plan.yaml": plan })
  const env = { ...reaching({ url }), XDG_STATE_HOME: join(cwd, "state") }
  const run = start(["run", "plan.yaml", "--ui", "-o", "out.md"], { cwd, env })
  let said = ""
  run.child.stderr!.on("data", (chunk: Buffer) => void (said += chunk.toString()))
  await until(() => said.includes("Answered sun"))
  const [, printed] = /^The run is shown at (http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{43})$/m.exec(said)!
  return { ...run, address: new URL(printed!), said: () => said }
}

const hanging = () => {
  const claude = mockClaude()
  claude.fault(fault.hang(), { when: { user: "moon", part: "ask" } })
  return claude
}

/** What a client of any kind sends: `fetch` sets headers such as `Host` itself. */
const asked = (
  { host, port }: URL,
  path: string,
  headers: Readonly<Record<string, string>>,
  method = "GET",
  body = ""
): Promise<{ readonly status: number; readonly headers: NodeJS.Dict<unknown>; readonly body: string }> =>
  new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, method, headers: { host, ...headers } }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode!, headers: response.headers, body }), reject)
    })
    sent.on("error", reject)
    sent.end(body)
  })

describe("a run with --ui", { timeout: 120_000 }, () => {
  it("shows nothing to whoever has no token, or comes from another page or by another name", async () => {
    await using api = await hanging().serve()
    const { address, child, ended } = await shown(api.url)
    const token = address.searchParams.get("token")!
    const own = { authorization: `Bearer ${token}` }
    const origin = address.origin
    const refused: ReadonlyArray<readonly [string, Readonly<Record<string, string>>, string?]> = [
      ["/", {}],
      ["/?token=", {}],
      [`/?token=${token.slice(1)}`, {}],
      [`/view?token=${token}`, {}],
      ["/view", { authorization: "Bearer x" }],
      ["/answers", {}],
      [`/?token=${token}`, { host: "evil.example" }],
      [`/?token=${token}`, { host: `localhost:${address.port}` }],
      ["/view", { ...own, origin: "http://evil.example" }],
      ["/view", { ...own, origin: "null" }],
      ["/view", { ...own, "sec-fetch-site": "cross-site" }],
      ["/interventions", { "content-type": "application/json", origin }, "POST"],
      ["/interventions", { ...own, "content-type": "application/json" }, "POST"],
      ["/interventions", { ...own, "content-type": "application/json", origin: "http://evil.example" }, "POST"],
      ["/interventions", { ...own, "content-type": "text/plain", origin }, "POST"]
    ]
    const stop = '{ "version": 1, "interventions": [{ "_tag": "Stop" }] }'
    for (const [path, headers, method] of refused) {
      const { body, status } = await asked(address, path, headers, method, method === undefined ? "" : stop)
      assert.strictEqual(status, 403, `${path} ${JSON.stringify(headers)}: ${body}`)
      assert.notInclude(body, token)
    }
    const page = await asked(address, `/?token=${token}`, {})
    assert.deepStrictEqual([page.status, page.headers["cache-control"]], [200, "no-store"])
    assert.strictEqual(page.headers["referrer-policy"], "no-referrer")
    assert.include(page.body, "connect-src 'self'")
    assert.notInclude(page.body, token)
    assert.strictEqual((await asked(address, "/else", own)).status, 404)

    const wrong = await asked(
      address,
      "/interventions",
      { ...own, "content-type": "application/json", origin },
      "POST",
      "{}"
    )
    assert.match(JSON.parse(wrong.body).message, /^not a request: /)
    const view = JSON.parse((await asked(address, "/view", own)).body)
    assert.deepStrictEqual(
      view.view.asks.map(({ name, status }: any) => [name, status]),
      [
        ["sun", "answered"],
        ["moon", "asking"]
      ]
    )
    assert.strictEqual((await asked(address, `/view?since=${view.revision}`, own)).status, 204)
    const [sun, moon] = JSON.parse((await asked(address, "/answers", own)).body)
    assert.match(sun.value, /^Simulated answer to/)
    assert.isNull(moon)
    child.kill("SIGINT")
    assert.strictEqual((await ended).code, 130)
  })

  it("is stopped from the page, which has the end before the process goes", async () => {
    await using api = await hanging().serve()
    const { address, ended } = await shown(api.url)
    const own = { authorization: `Bearer ${address.searchParams.get("token")}` }
    const posted = { ...own, "content-type": "application/json", origin: address.origin }
    await asked(address, "/view", own)
    const stop = '{ "version": 1, "interventions": [{ "_tag": "Stop" }] }'
    const { body } = await asked(address, "/interventions", posted, "POST", stop)
    assert.deepStrictEqual(JSON.parse(body), { _tag: "Done", version: 1, interventions: [{ _tag: "Stop" }] })
    let last: any = {}
    while (last.isLast !== true) last = JSON.parse((await asked(address, "/view", own)).body)
    assert.deepStrictEqual([last.view.state, last.view.gaps.length], ["ended", 1])
    assert.include(last.view.document, "Compare both.")
    assert.deepStrictEqual(
      last.view.interventions.map(({ intervention }: any) => intervention),
      [{ _tag: "Stop" }]
    )
    assert.lengthOf(JSON.parse((await asked(address, "/answers", own)).body), 2)
    const { code, stderr } = await ended
    assert.strictEqual(code, 3)
    assert.notMatch(stderr, controls)
  })

  it("needs a journal, and says so before anything is sent", async () => {
    const claude = mockClaude()
    await using api = await claude.serve()
    const cwd = folder({ "plan.yaml": plan })
    const { code, stderr } = await fanfold(["run", "plan.yaml", "--ui", "--no-journal"], { cwd, env: reaching(api) })
    assert.deepStrictEqual([code, claude.journal.attempts], [2, 0])
    assert.match(stderr, /^--ui needs a journal/m)
  })
})

const chromiumPath = "/usr/bin/chromium"

describe.skipIf(!existsSync(chromiumPath))("the page of a run with --ui, in a browser", { timeout: 120_000 }, () => {
  it("follows the run, opens an answer, stops asking, and stays readable after the end", async () => {
    await using api = await hanging().serve()
    const { address, ended } = await shown(api.url)
    const browser = await chromium.launch({ executablePath: chromiumPath, args: ["--no-sandbox"] })
    try {
      const page = await browser.newPage()
      const errors: Array<string> = []
      page.on("pageerror", ({ message }) => void errors.push(message))
      page.on("console", (message) => void (message.type() === "error" && errors.push(message.text())))
      await page.goto(address.href)
      await page.waitForSelector("html[data-ready]")
      // It has no limit that could be doubled, and no gap.
      assert.deepStrictEqual(await page.locator(".controls button").allInnerTexts(), ["Stop asking and fold"])
      await page.getByRole("button", { name: "Stop asking and fold" }).click()
      await page.getByText("Simulated synthesis of 1 finding.").first().waitFor()
      assert.strictEqual((await ended).code, 3)
      assert.strictEqual(await page.getByRole("button", { name: "Stop asking and fold" }).count(), 0)
      await page.locator("button.line").first().click()
      await page.getByText("Simulated answer to").first().waitFor()
      assert.deepStrictEqual(errors, [])
    } finally {
      await browser.close()
    }
  })
})

import { assert, describe, it } from "@effect/vitest"
import { fault, mockClaude } from "fanfold/mocks"
import { ask, body, textOf } from "./ask.ts"

const send = async (url: string, method: string, json?: unknown): Promise<{ status: number; body: any }> => {
  const response = await fetch(url, { method, ...(json !== undefined && { body: JSON.stringify(json) }) })
  return { status: response.status, body: await response.json() }
}

/** A `fetch` that sends the requests of `ask` to a server. */
const to =
  (url: string): typeof globalThis.fetch =>
  (input, init) =>
    fetch(`${url}${new URL(input instanceof Request ? input.url : input).pathname}`, init)

describe("the control paths of the server", () => {
  it("register replies and faults, give the journal with a verdict, and reset all of it", async () => {
    const claude = mockClaude()
    await using server = await claude.serve()
    const { url } = server
    assert.deepStrictEqual(
      await send(`${url}/__mock/when`, "POST", { when: { user: "/capital/i" }, reply: "Paris", times: 1 }),
      {
        status: 200,
        body: { ok: true }
      }
    )
    assert.strictEqual(textOf(await ask(to(url), "The capital?")), "Paris")
    assert.match(textOf(await ask(to(url), "The capital?")), /^Simulated/)
    const fault = { kind: "status", status: 529, type: "overloaded_error", message: "Overloaded" }
    await send(`${url}/__mock/fault`, "POST", { fault, times: 1 })
    assert.strictEqual((await ask(to(url), "x")).error.type, "overloaded_error")
    const { body: journal } = await send(`${url}/__mock/journal`, "GET")
    assert.deepInclude(journal, { attempts: 3, inFlight: 0 })
    assert.isTrue(journal.verdict.ok)
    assert.deepStrictEqual(
      journal.entries.map(({ status }: any) => status),
      [200, 200, 529]
    )
    const { body: ledger } = await send(`${url}/__mock/ledger`, "GET")
    assert.deepStrictEqual([ledger.messages, ledger.bills.length, ledger.billedTwice[0].bills], [2, 2, 2])
    await send(`${url}/__mock/when`, "POST", { reply: { $refusal: "bio" } })
    await send(`${url}/__mock/reset`, "POST")
    assert.strictEqual((await send(`${url}/__mock/journal`, "GET")).body.attempts, 0)
    assert.strictEqual((await send(`${url}/__mock/ledger`, "GET")).body.messages, 0)
    assert.strictEqual((await ask(to(url), "x")).stop_reason, "end_turn")
  })

  it("say what is wrong with a body, and which paths there are", async () => {
    await using server = await mockClaude().serve()
    const wrong = await send(`${server.url}/__mock/when`, "POST", { when: { usr: "x" }, reply: "y" })
    assert.strictEqual(wrong.status, 400)
    assert.include(wrong.body.error, "usr")
    const unknown = await send(`${server.url}/__mock/whem`, "POST", {})
    assert.strictEqual(unknown.status, 404)
    assert.include(Object.keys(unknown.body.paths), "POST /__mock/when")
    assert.include((await send(`${server.url}/__mock/fault`, "POST", { fault: { kind: "fire" } })).body.error, "kind")
  })

  it("are of the server alone, and what the server is stands at its root", async () => {
    const claude = mockClaude()
    assert.strictEqual((await claude.fetch("https://api.anthropic.com/__mock/journal")).status, 404)
    await using server = await claude.serve()
    const { body: root } = await send(server.url, "GET")
    assert.strictEqual(root.name, "fanfold mock")
    assert.include(root.api, "POST /v1/messages")
    assert.strictEqual((await fetch(server.url, { method: "HEAD" })).status, 404)
  })
})

describe("a reset mock", () => {
  it("repeats its first answers, and forgets replies, faults, limits and caches", async () => {
    const claude = mockClaude({ limits: { rpm: 1 } })
    const first = await ask(claude.fetch, "x")
    assert.strictEqual((await ask(claude.fetch, "x")).error.type, "rate_limit_error")
    claude.when({}).reply("y")
    claude.reset()
    assert.deepStrictEqual(await ask(claude.fetch, "x"), first)
    assert.strictEqual(claude.journal.attempts, 1)
    assert.strictEqual(claude.journal.entries[0]!.model, body("x")["model"])
  })

  it("meets the faults of its scenario again, and none that was registered", async () => {
    const overloaded = fault.overloaded()
    const claude = mockClaude({ scenario: { faults: [{ fault: overloaded, times: 1 }] } })
    const errorOf = async () => (await ask(claude.fetch, "x")).error?.type
    assert.deepStrictEqual([await errorOf(), await errorOf()], ["overloaded_error", undefined])
    claude.fault(fault.forbidden())
    claude.reset()
    assert.deepStrictEqual([await errorOf(), await errorOf()], ["overloaded_error", undefined])
  })
})

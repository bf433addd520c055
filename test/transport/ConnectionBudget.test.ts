/** The budget of HTTP/1.1 connections: its size, how it shrinks and grows again, and who waits for it. */
import { createServer as createHttp } from "node:http"
import { type AddressInfo } from "node:net"
import { once } from "node:events"
import { assert, describe, it } from "@effect/vitest"
import { afterEach, vi } from "vitest"
import { ConnectionBudget, fileLimitOf, type Pool } from "../../src/transport/ConnectionBudget.ts"
import { Exchange, type Outgoing } from "../../src/transport/Exchange.ts"
import { Http1Pool } from "../../src/transport/Http1.ts"

const linuxLimits = (soft: string) => `Limit                     Soft Limit           Hard Limit           Units
Max processes             94985                94985                processes
Max open files            ${soft}                 4096                 files
`

const poolOf = (calls: Array<string>, name: string): Pool => ({
  connect: () => void calls.push(name),
  closeIdle: () => false
})

afterEach(() => void vi.useRealTimers())

describe("the budget", () => {
  it("is the limit of open files less an eighth, at least 16 and a connection", () => {
    assert.strictEqual(fileLimitOf(linuxLimits("1024")), 1024)
    assert.strictEqual(fileLimitOf(linuxLimits("unlimited")), Number.POSITIVE_INFINITY)
    assert.strictEqual(fileLimitOf(""), 2048)
    assert.strictEqual(new ConnectionBudget(1024).max, 896)
    assert.strictEqual(new ConnectionBudget(64).max, 48)
    assert.strictEqual(new ConnectionBudget(10).max, 1)
    assert.isAbove(new ConnectionBudget().max, 0)
  })

  it("calls the pools that wait once a place is free", () => {
    const calls: Array<string> = []
    const budget = new ConnectionBudget(18)
    const [a, b] = [poolOf(calls, "a"), poolOf(calls, "b")]
    assert.isTrue(budget.take(a))
    assert.isTrue(budget.take(a))
    assert.isFalse(budget.take(b))
    assert.isFalse(budget.take(b))
    assert.isTrue(budget.isShort)
    budget.giveBack()
    assert.deepStrictEqual(calls, ["b"])
    assert.isFalse(budget.isShort)
    assert.isTrue(budget.take(b))
  })

  it("falls to what is open, less a reserve, where no file can be opened, and returns after a minute", () => {
    vi.useFakeTimers({ toFake: ["performance"] })
    const budget = new ConnectionBudget(1024)
    const pool = poolOf([], "a")
    for (let n = 0; n < 200; n++) budget.take(pool)
    for (let n = 0; n < 20; n++) assert.isTrue(budget.onOutOfFiles(pool))
    assert.strictEqual(budget.max, 157)
    assert.isTrue(budget.isShort)
    assert.isFalse(budget.take(pool))
    vi.advanceTimersByTime(60_001)
    assert.strictEqual(budget.max, 896)
    assert.isTrue(budget.take(pool))
  })

  it("has no connection to wait for if the first one finds no file", () => {
    const budget = new ConnectionBudget(1024)
    budget.take(poolOf([], "a"))
    assert.isFalse(budget.onOutOfFiles(poolOf([], "a")))
  })
})

/** Answers each request with the number of open connections, after 10 ms. */
const serve = async () => {
  const state = { open: 0, peak: 0, arrived: 0 }
  const server = createHttp((_request, response) => {
    state.arrived++
    setTimeout(() => response.end(String(state.open)), 10)
  })
  server.on("connection", (socket) => {
    state.peak = Math.max(state.peak, ++state.open)
    socket.on("close", () => state.open--)
  })
  await once(server.listen(0, "127.0.0.1"), "listening")
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  return { state, url, close: () => server.close().closeAllConnections() }
}

const ask = (pool: Http1Pool, url: URL, signal?: AbortSignal) =>
  new Promise<Exchange>((resolve, reject) => {
    const exchange = new Exchange(url.href, signal, resolve, reject)
    const outgoing: Outgoing = { url, method: "POST", headers: {}, body: "{}" }
    exchange.start(() => pool.send(outgoing, exchange))
  }).then((response) => response.text())

describe("a pool", () => {
  it("never has more connections than the budget, and its requests wait for them", async () => {
    const { close, state, url } = await serve()
    const pool = new Http1Pool(url, undefined, new ConnectionBudget(16 + 5))
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask(pool, url)))
    assert.strictEqual(answers.length, 100)
    assert.strictEqual(state.peak, 5)
    assert.strictEqual(state.arrived, 100)
    close()
  })

  it("gets the place of another pool's idle connection", async () => {
    const [one, two] = [await serve(), await serve()]
    const budget = new ConnectionBudget(16 + 2)
    const [first, second] = [new Http1Pool(one.url, undefined, budget), new Http1Pool(two.url, undefined, budget)]
    await Promise.all([ask(first, one.url), ask(first, one.url)])
    const both = [ask(second, two.url), ask(second, two.url), ask(second, two.url), ask(first, one.url)]
    assert.strictEqual((await Promise.all(both)).length, 4)
    assert.strictEqual(one.state.arrived + two.state.arrived, 6)
    one.close()
    two.close()
  })

  it("leaves out a request that is aborted while it waits", async () => {
    const { close, state, url } = await serve()
    const pool = new Http1Pool(url, undefined, new ConnectionBudget(16 + 1))
    const controller = new AbortController()
    const waiting = [ask(pool, url), ask(pool, url, controller.signal).catch(() => "aborted"), ask(pool, url)]
    controller.abort(new Error("no longer needed"))
    assert.deepStrictEqual(await Promise.all(waiting), ["1", "aborted", "1"])
    assert.strictEqual(state.arrived, 2)
    close()
  })
})

/** The transport in a process: which connections and memory are kept, when the process ends, when the global fetch is used. */
import { execFile } from "node:child_process"
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Message } from "fanfold"
import { vi } from "vitest"
import { testCertificate } from "../Certificate.ts"
import { json, message, serve } from "../Loopback.ts"
import { key } from "../RealClient.ts"
import { serveSecure, trust } from "../SecureLoopback.ts"
import { answer, sendFreely } from "../claude/sdk/Sending.ts"

beforeAll(() => trust(true))

describe("connections", () => {
  it.live("are reused by all clients of the process", () =>
    Effect.gen(function* () {
      const ports = new Set<number | undefined>()
      const { url } = yield* serve((response, { socket }) => {
        ports.add(socket.remotePort)
        answer(response)
      })
      for (let index = 0; index < 3; index++) yield* sendFreely(url, "plain")
      assert.strictEqual(ports.size, 1)
      const { state, url: secureUrl } = yield* serveSecure(answer, { isHttp2: false })
      for (let index = 0; index < 3; index++) yield* sendFreely(secureUrl, "plain")
      assert.strictEqual(state.sockets.size, 1)
    })
  )
})

const root = resolve(import.meta.dirname, "../..")
const certificate = join(mkdtempSync(join(tmpdir(), "fanfold-transport-")), "certificate.pem")
writeFileSync(certificate, testCertificate)

/** Runs a script in another process and returns its output. */
const node = (script: string, ...args: ReadonlyArray<string>) =>
  Effect.callback<string>((resume) => {
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: certificate }
    const file = process.execPath
    const child = execFile(
      file,
      ["--conditions=source", "--expose-gc", "-e", script, ...args],
      { cwd: root, env },
      (error, out, err) =>
        resume(error === null ? Effect.succeed(out.trim()) : Effect.die(new Error(`${error.message}\n${err}`)))
    )
    return Effect.sync(() => child.kill())
  }).pipe(Effect.timeoutOrElse({ duration: "1 minute", orElse: () => Effect.die(new Error("it does not exit")) }))

const runOnce = `
  const { run } = require("fanfold/promise")
  const ask = () => run({ asks: ["Which capital?"], baseUrl: process.argv[1], apiKey: "${key}" })
  ask().then(ask).then(({ answers }) => console.log(answers[0]))
`

/** Only the connection keeps this process alive. */
const sendOnce = `
  import("./src/transport/Transport.ts")
    .then(({ fetch }) => fetch(process.argv[1], { method: "POST", body: "{}" }))
    .then((response) => response.text().then(() => console.log(response.status)))
`

const dispatch = () => {
  throw new Error("intercepted")
}

const hurry = `
  const { run } = require("fanfold/promise")
  const round = (nth) => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(), nth % 4)
    const asks = Array.from({ length: 8 }, (_, index) => "Question " + index)
    return run({ asks, baseUrl: process.argv[1], apiKey: "${key}", signal: controller.signal }).catch(() => {})
  }
  const rounds = (nth) => nth === 0 ? console.log("done") : round(nth).then(() => rounds(nth - 1))
  rounds(150)
`

/** Responses arrive while other requests are still being written, which needs a server in another process. */
const readAll = `
  import("./src/transport/Transport.ts").then(async ({ fetch }) => {
    let failures = 0
    const post = () =>
      fetch(process.argv[1], { method: "POST", body: "x".repeat(2000) })
        .then((response) => response.json())
        .catch(() => failures++)
    for (let round = 0; round < 100; round++) await Promise.all(Array.from({ length: 50 }, post))
    console.log(failures)
  })
`

/** Prints how many attempts failed in three bursts of 1,000. */
const bursts = `
  const { run } = require("fanfold/promise")
  const asks = Array.from({ length: 1000 }, (_, index) => "Question " + index)
  let failures = 0
  const onEvent = ({ _tag }) => (failures += _tag === "AttemptFailed" ? 1 : 0)
  const ask = () => run({ asks, baseUrl: process.argv[1], apiKey: "${key}", pacing: { inFlight: 1000 }, onEvent })
  ask().then(ask).then(ask).then(() => console.log(failures))
`

const crowds = `
  const { run } = require("fanfold/promise")
  const asks = Array.from({ length: 400 }, (_, index) => "Question " + index)
  const ask = () => run({ asks, baseUrl: process.argv[1], apiKey: "${key}", pacing: { inFlight: 50 } })
  const heap = () => {
    gc()
    return process.memoryUsage().heapUsed
  }
  const settle = () => new Promise((resolve) => setTimeout(resolve, 100))
  ask().then(ask).then(settle).then(() => {
    const before = heap()
    return ask().then(ask).then(settle).then(() => console.log((heap() - before) / 800))
  })
`

describe("a process", { timeout: 90_000 }, () => {
  it.live("survives requests that are aborted right after sending", () =>
    Effect.gen(function* () {
      const { state, url } = yield* serveSecure(() => {})
      assert.strictEqual(yield* node(hurry, url), "done")
      yield* Effect.promise(() =>
        vi.waitUntil(() => state.connections.every(({ open }) => open === 0), { timeout: 10_000 })
      )
    })
  )

  it.live("reads all of a body that arrives together with its headers while other requests are being written", () =>
    Effect.gen(function* () {
      const body = JSON.stringify(message("Paris".repeat(120)))
      const { url } = yield* serveSecure((response) =>
        setTimeout(() => response.writeHead(200, { "content-length": body.length }).end(body))
      )
      assert.strictEqual(yield* node(readAll, url), "0")
    })
  )

  it.live("gets each of 1,000 answers at once over TLS and HTTP/2 with the first attempt, three times", () =>
    Effect.gen(function* () {
      const body = JSON.stringify(message("Paris".repeat(120)))
      const { state, url } = yield* serveSecure((response) =>
        setTimeout(() => response.writeHead(200, { "content-length": body.length }).end(body), 100)
      )
      assert.strictEqual(yield* node(bursts, url), "0")
      assert.strictEqual(state.arrived, 3000)
    })
  )

  it.live("frees the memory of answered requests", () =>
    Effect.gen(function* () {
      const { url } = yield* serveSecure(answer)
      assert.isBelow(Number(yield* node(crowds, url)), 2500, "bytes an ask")
    })
  )

  it.live("ends when its work is done, with idle connections open", () =>
    Effect.gen(function* () {
      const secure = yield* serveSecure(answer)
      const old = yield* serveSecure(answer, { isHttp2: false })
      const plain = yield* serve(answer)
      assert.strictEqual(yield* node(runOnce, secure.url), "Paris")
      assert.strictEqual(yield* node(sendOnce, old.url), "200")
      assert.strictEqual(yield* node(runOnce, plain.url), "Paris")
      assert.strictEqual(secure.state.connections.length, 1)
    })
  )

  it.live("sends nothing if the signal was aborted before", () =>
    Effect.gen(function* () {
      const { arrived, url } = yield* serve(answer)
      const { fetch } = yield* Effect.promise(() => import("../../src/transport/Transport.ts"))
      const sent = fetch(url, { method: "POST", signal: AbortSignal.abort(new Error("changed my mind")) })
      const error = yield* Effect.flip(Effect.tryPromise({ try: () => sent, catch: (error) => error as Error }))
      assert.strictEqual(error.message, "changed my mind")
      yield* sendFreely(url, "plain")
      assert.strictEqual(arrived.length, 1)
    })
  )

  it.live("uses the transport", () =>
    Effect.gen(function* () {
      const { url } = yield* serve(
        (response, { headers }) => void json(response, 200, message(String(headers["sec-fetch-mode"])))
      )
      assert.strictEqual(Message.textOf(yield* sendFreely(url, "plain")), "undefined", "the global fetch sent it")
    })
  )

  it.live("sends through a mock dispatcher of the global fetch", () =>
    Effect.gen(function* () {
      const { arrived, url } = yield* serve(answer)
      const slot = Symbol.for("undici.globalDispatcher.1")
      const globals = globalThis as { [slot]?: unknown }
      const before = globals[slot]
      class MockAgent {
        readonly dispatch = dispatch
      }
      class Agent {
        dispatch(): void {}
      }
      yield* Effect.addFinalizer(() => Effect.sync(() => (globals[slot] = before)))
      for (const other of [new MockAgent(), Object.assign(new Agent(), { dispatch })]) {
        globals[slot] = other
        assert.include((yield* Effect.flip(sendFreely(url, "plain"))).message, "intercepted")
        assert.strictEqual(arrived.length, 0)
      }
    })
  )
})

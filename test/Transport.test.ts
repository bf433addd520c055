/** The transport between the SDK and real servers: protocols, connections, aborts, proxies, and when it steps aside. */
import { execFile } from "node:child_process"
import { mkdtempSync, writeFileSync } from "node:fs"
import { createServer as createHttpServer } from "node:http"
import { createServer, type AddressInfo, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib"
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Redacted } from "effect"
import { type AskError, Claude, Message } from "fanfold"
import { vi } from "vitest"
import { testCertificate } from "./Certificate.ts"
import { request, send } from "./FakeClaude.ts"
import { begun, continued, json, message, serve, startStream, stopped } from "./Loopback.ts"
import { serveProxy } from "./Proxy.ts"
import { key, layerTo, listening, type Mode, modes, safety } from "./RealClient.ts"
import { serveSecure, trust } from "./SecureLoopback.ts"

beforeAll(() => trust(true))

const answer = (response: Parameters<typeof json>[0]) => void json(response, 200, message("Paris"))

/** Sends without any limit of time. */
const sendFreely = (url: string, mode: Mode = "plain") =>
  send(request()).pipe(listening(mode), Effect.provide(layerTo(url)))

const crowd = (n: number, url: string) =>
  Effect.forEach(Array.from({ length: n }), () => Effect.result(sendFreely(url)), { concurrency: "unbounded" })

const assertUnreachable = (error: AskError.AskError) => {
  assert.strictEqual(error.reason._tag, "Unreachable", error.message)
  assert.isTrue(error.isRetryable)
}

describe("a server that speaks HTTP/2", () => {
  it.live("is spoken to in HTTP/2, and one that does not in HTTP/1.1", () =>
    Effect.gen(function* () {
      for (const isHttp2 of [true, false]) {
        for (const mode of modes) {
          const { state, url } = yield* serveSecure(
            (response) =>
              mode === "plain" ? answer(response) : void startStream(response).end(begun + continued + stopped),
            { isHttp2 }
          )
          assert.strictEqual(Message.textOf(yield* sendFreely(url, mode)), "Paris")
          assert.deepStrictEqual([...state.versions], [isHttp2 ? "2.0" : "1.1"])
        }
      }
    })
  )

  it.live("answers a crowd over one connection, and more over several that are opened together", () =>
    Effect.gen(function* () {
      const { state, url } = yield* serveSecure((response) => void setTimeout(() => answer(response), 150))
      yield* crowd(90, url)
      yield* crowd(90, url)
      assert.strictEqual(state.connections.length, 1)

      const other = yield* serveSecure((response) => void setTimeout(() => answer(response), 150), {
        handshakeAfterMillis: 500
      })
      const fiber = yield* Effect.forkChild(crowd(250, other.url))
      yield* Effect.sleep("400 millis")
      assert.strictEqual(other.state.sockets.size, 3)
      const results = yield* Fiber.join(fiber)
      assert.isTrue(results.every(({ _tag }) => _tag === "Success"))
      assert.strictEqual(other.state.connections.length, 3)
      assert.isAtMost(Math.max(...other.state.connections.map(({ peak }) => peak)), 100)
    })
  )

  it.live("meets a connection before there is a request", () =>
    Effect.gen(function* () {
      const { state, url } = yield* serveSecure(answer)
      yield* Claude.make({ apiKey: Redacted.make(key), baseUrl: url })
      yield* Effect.promise(() => vi.waitUntil(() => state.connections.length === 1))
      yield* sendFreely(url)
      assert.strictEqual(state.sockets.size, 1)
    })
  )

  it.live("is never asked for more streams than it allows", () =>
    Effect.gen(function* () {
      const { state, url } = yield* serveSecure((response) => void setTimeout(() => answer(response), 50), {
        settings: { maxConcurrentStreams: 20 }
      })
      const results = yield* crowd(90, url)
      assert.isTrue(results.every(({ _tag }) => _tag === "Success"))
      assert.isAtLeast(state.connections.length, 2)
      assert.isAtMost(Math.max(...state.connections.map(({ peak }) => peak)), 20)
    })
  )

  it.live("sees a request that is interrupted closed, and the others on its connection go on", () =>
    Effect.gen(function* () {
      for (const moment of ["before the headers", "in the middle of the body"]) {
        const { state, url } = yield* serveSecure((response, nth) => {
          if (nth > 1) return void setTimeout(() => answer(response), 100)
          if (moment !== "before the headers") startStream(response).write(begun)
        })
        const stuck = yield* Effect.forkChild(sendFreely(url, moment === "before the headers" ? "plain" : "stream"))
        yield* Effect.sleep("100 millis")
        const others = yield* Effect.forkChild(crowd(3, url))
        yield* Effect.sleep("50 millis")
        yield* Fiber.interrupt(stuck)
        assert.isTrue((yield* Fiber.join(others)).every(({ _tag }) => _tag === "Success"))
        yield* sendFreely(url)
        assert.strictEqual(state.closed, 1, moment)
        assert.strictEqual(state.connections.length, 1, moment)
      }
    })
  )

  it.live("never sees a request that was interrupted before its connection stood", () =>
    Effect.gen(function* () {
      const { state, url } = yield* serveSecure(answer, { handshakeAfterMillis: 400 })
      const fiber = yield* Effect.forkChild(sendFreely(url))
      yield* Effect.sleep("200 millis")
      yield* Fiber.interrupt(fiber)
      yield* sendFreely(url)
      assert.strictEqual(state.arrived, 1)
    })
  )

  it.live("may refuse more than it allows before it has said how many: those are sent again", () =>
    Effect.gen(function* () {
      const refusals = 3
      const { state, url } = yield* serveSecure((response, nth) => {
        const { stream } = response as unknown as { readonly stream: { readonly close: (code: number) => void } }
        if (nth <= refusals) return stream.close(7)
        setTimeout(() => answer(response), 20)
      })
      const results = yield* crowd(10, url)
      assert.isTrue(results.every(({ _tag }) => _tag === "Success"))
      assert.strictEqual(state.arrived, 10 + refusals)
    })
  )

  it.live("may take nothing for now: those who ask wait, and open no other connection", () =>
    Effect.gen(function* () {
      const { state, url } = yield* serveSecure(answer, { settings: { maxConcurrentStreams: 0 } })
      const fiber = yield* Effect.forkChild(crowd(5, url))
      yield* Effect.promise(() => vi.waitUntil(() => state.connections.length === 1))
      yield* Effect.sleep("50 millis")
      assert.strictEqual(state.arrived, 0)
      state.connections[0]!.session.settings({ maxConcurrentStreams: 2 })
      assert.isTrue((yield* Fiber.join(fiber)).every(({ _tag }) => _tag === "Success"))
      assert.isAtMost(state.connections.length, 3)
    })
  )

  it.live("that refuses again is Unreachable", () =>
    Effect.gen(function* () {
      const { state, url } = yield* serveSecure((response) =>
        (response as unknown as { readonly stream: { readonly close: (code: number) => void } }).stream.close(7)
      )
      assertUnreachable(yield* Effect.flip(sendFreely(url, "plain")))
      assert.strictEqual(state.arrived, 2)
    })
  )

  it.live("may reset a stream: before the headers that is Unreachable, within the body CutOff", () =>
    Effect.gen(function* () {
      const { state, url } = yield* serveSecure((response, nth) => {
        const { stream } = response as unknown as { readonly stream: { readonly close: (code: number) => void } }
        if (nth === 1) return stream.close(2)
        if (nth === 2) return void startStream(response).write(begun, () => setTimeout(() => stream.close(2), 20))
        answer(response)
      })
      assertUnreachable(yield* Effect.flip(sendFreely(url, "plain")))
      const cut = yield* Effect.flip(sendFreely(url, "stream"))
      assert.strictEqual(cut.reason._tag, "CutOff", cut.message)
      assert.strictEqual(cut.partialText, "Par")
      assert.isTrue(cut.isRetryable)
      yield* sendFreely(url, "plain")
      assert.strictEqual(state.connections.length, 1)
    })
  )

  it.live("may lose a connection: only its own requests fail, and may be sent again", () =>
    Effect.gen(function* () {
      const { state, url } = yield* serveSecure((response) => void setTimeout(() => answer(response), 1000))
      const fiber = yield* Effect.forkChild(crowd(150, url))
      yield* Effect.sleep("500 millis")
      const [lost, kept] = state.connections
      const failing = lost!.open
      lost!.session.destroy()
      const results = yield* Fiber.join(fiber)
      const failed = results.flatMap((result) => (result._tag === "Failure" ? [result.failure] : []))
      assert.strictEqual(failed.length, failing)
      assert.strictEqual(kept!.peak, 150 - failing)
      failed.forEach(assertUnreachable)
      assert.isTrue((yield* crowd(10, url)).every(({ _tag }) => _tag === "Success"))
    })
  )

  it.live("may go away: what it has begun is answered, and what follows takes a new connection", () =>
    Effect.gen(function* () {
      const { state, url } = yield* serveSecure((response, nth) => {
        if (nth === 1) state.connections[0]!.session.close()
        setTimeout(() => answer(response), 100)
      })
      const results = yield* crowd(5, url)
      yield* sendFreely(url, "plain")
      assert.isTrue(results.every(({ _tag }) => _tag === "Success"))
      assert.isAtLeast(state.connections.length, 2)
    })
  )
})

describe("a server that cannot be reached", () => {
  it.live("keeps no connection once nobody waits for it", () =>
    Effect.gen(function* () {
      const doors: Array<Socket> = []
      const server = createServer((socket) => doors.push(socket.resume().on("error", () => {})))
      yield* Effect.acquireRelease(
        Effect.promise(() => new Promise<void>((resolve) => server.listen(0, resolve))),
        () => Effect.sync(() => server.close())
      )
      const fiber = yield* Effect.forkChild(sendFreely(`https://localhost:${(server.address() as AddressInfo).port}`))
      yield* Effect.promise(() => vi.waitUntil(() => doors.length > 0))
      yield* Fiber.interrupt(fiber)
      yield* Effect.promise(() => vi.waitUntil(() => doors.every(({ readyState }) => readyState !== "open")))
    })
  )

  it.live("fails all who wait for its connection together, after one try", () =>
    Effect.gen(function* () {
      let connections = 0
      const server = createServer((socket) => {
        connections++
        socket.destroy()
      })
      yield* Effect.acquireRelease(
        Effect.promise(() => new Promise<void>((resolve) => server.listen(0, resolve))),
        () => Effect.sync(() => server.close())
      )
      const url = `https://localhost:${(server.address() as AddressInfo).port}`
      const results = yield* crowd(90, url)
      for (const result of results) {
        assert(result._tag === "Failure")
        assertUnreachable(result.failure)
      }
      assert.strictEqual(connections, 1)
      yield* Effect.flip(sendFreely(url))
      assert.strictEqual(connections, 2)
    })
  )

  it.live("may be reached a moment later", () =>
    Effect.gen(function* () {
      const { state, url } = yield* serveSecure((response) => void setTimeout(() => answer(response), 500), {
        settings: { maxConcurrentStreams: 1 },
        isCut: (nth) => nth === 2
      })
      const first = yield* Effect.forkChild(sendFreely(url))
      yield* Effect.promise(() => vi.waitUntil(() => state.arrived === 1))
      const failed = (yield* crowd(2, url)).flatMap((result) => (result._tag === "Failure" ? [result.failure] : []))
      assert.strictEqual(failed.length, 1)
      failed.forEach(assertUnreachable)
      const results = yield* crowd(3, url)
      assert.isTrue(results.every(({ _tag }) => _tag === "Success"))
      assert.isAbove(state.sockets.size, 2)
      yield* Fiber.join(first)
    })
  )

  it.live("is Unreachable for good where its certificate is not trusted", () =>
    Effect.gen(function* () {
      const { state, url } = yield* serveSecure(answer)
      yield* Effect.acquireRelease(
        Effect.sync(() => trust(false)),
        () => Effect.sync(() => trust(true))
      )
      const error = yield* Effect.flip(sendFreely(url, "plain"))
      assert.strictEqual(error.reason._tag, "Unreachable", error.message)
      assert.isFalse(error.isRetryable)
      assert.strictEqual(state.arrived, 0)
    })
  )

  it.live("is not called slow for a name that sounds so", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(sendFreely("http://timeout.invalid"))
      assertUnreachable(error)
      assert.include(error.message, "timeout.invalid")
    })
  )
})

describe("a response", () => {
  const encodings = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, zstd: zstdCompressSync }
  it.live("that was compressed is read over HTTP/2 too", () =>
    Effect.gen(function* () {
      const { url } = yield* serveSecure((response) =>
        response
          .writeHead(200, { "content-encoding": "gzip", "content-type": "application/json" })
          .end(gzipSync(JSON.stringify(message("Paris"))))
      )
      assert.strictEqual(Message.textOf(yield* sendFreely(url, "plain")), "Paris")
    })
  )

  it.live("that switches protocols is no answer", () =>
    Effect.gen(function* () {
      const { url } = yield* serve(
        (response) =>
          void response.socket?.end("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: foo\r\n\r\n")
      )
      assertUnreachable(yield* Effect.flip(sendFreely(url, "plain")))
    })
  )

  for (const [encoding, encode] of Object.entries(encodings)) {
    it.live(`that was compressed without being asked to be is read all the same: ${encoding}`, () =>
      Effect.gen(function* () {
        const { arrived, url } = yield* serve((response, _request, nth) => {
          const isStream = nth === 2
          const body = encode(isStream ? begun + continued + stopped : JSON.stringify(message("Paris")))
          response
            .writeHead(200, {
              "content-encoding": encoding,
              "content-type": isStream ? "text/event-stream" : "application/json"
            })
            .write(body.subarray(0, 40))
          setTimeout(() => response.end(nth === 3 ? body.subarray(40, -12) : body.subarray(40)), 10)
        })
        assert.strictEqual(Message.textOf(yield* sendFreely(url, "plain")), "Paris")
        assert.strictEqual(Message.textOf(yield* sendFreely(url, "stream")), "Paris")
        const cut = yield* Effect.flip(sendFreely(url, "plain"))
        assert.strictEqual(cut.reason._tag, "CutOff", cut.message)
        assert.isUndefined(arrived[0]!.headers["accept-encoding"])
      })
    )
  }

  it.live("comes in pieces as they are sent, characters across two of them whole", () =>
    Effect.gen(function* () {
      const text = Buffer.from(begun + continued.replace(`"is"`, `"is: été 🗼"`) + stopped)
      const { url } = yield* serve((response) => {
        startStream(response)
        const pieces = Array.from(text, (_, index) => text.subarray(index, index + 1))
        const next = () => {
          const piece = pieces.shift()
          if (piece === undefined) return void response.end()
          response.write(piece, () => setImmediate(next))
        }
        next()
      })
      const deltas: Array<string> = []
      const reply = yield* send().pipe(listening("stream", deltas), Effect.provide(layerTo(url)))
      assert.strictEqual(Message.textOf(reply), "Paris: été 🗼")
      assert.deepStrictEqual(deltas, ["Par", "is: été 🗼"])
    })
  )

  it.live("may be announced by early hints", () =>
    Effect.gen(function* () {
      for (const isHttp2 of [true, false]) {
        const { url } = yield* serveSecure(
          (response) => {
            response.writeEarlyHints({ link: "</style.css>; rel=preload" })
            setTimeout(() => answer(response), 20)
          },
          { isHttp2 }
        )
        assert.strictEqual(Message.textOf(yield* sendFreely(url, "plain")), "Paris")
      }
    })
  )

  it.live("that goes on after message_stop is closed", () =>
    Effect.gen(function* () {
      const { arrived, url } = yield* serve((response) => void startStream(response).write(begun + continued + stopped))
      assert.strictEqual(Message.textOf(yield* sendFreely(url, "stream")), "Paris")
      assert.isTrue(yield* Effect.timeout(arrived[0]!.closedEarly, safety))
    })
  )

  it.live("that points elsewhere is not followed, so the key goes nowhere", () =>
    Effect.gen(function* () {
      const other = yield* serve(answer)
      for (const status of [301, 302, 307, 308]) {
        const { url } = yield* serve(
          (response) => void response.writeHead(status, { location: `${other.url}/v1/messages` }).end()
        )
        const error = yield* Effect.flip(sendFreely(url, "plain"))
        assert.strictEqual(error.reason._tag, "InvalidRequest")
        assert.include(error.message, String(status))
      }
      assert.strictEqual(other.arrived.length, 0)
    })
  )
})

describe("connections", () => {
  it.live("are used again, by every client of the process", () =>
    Effect.gen(function* () {
      const ports = new Set<number | undefined>()
      const { url } = yield* serve((response, { socket }) => {
        ports.add(socket.remotePort)
        answer(response)
      })
      for (let index = 0; index < 3; index++) yield* sendFreely(url, "plain")
      assert.strictEqual(ports.size, 1)
    })
  )
})

/** The transport as a new process would have it, which reads the proxy variables anew. */
const renewed = (variables: Readonly<Record<string, string>>, url: string) =>
  Effect.gen(function* () {
    for (const name of ["http_proxy", "https_proxy", "no_proxy"]) {
      vi.stubEnv(name, undefined)
      vi.stubEnv(name.toUpperCase(), undefined)
    }
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)
    vi.resetModules()
    const { fetch } = yield* Effect.promise(() => import("../src/Transport.ts"))
    const options = { apiKey: Redacted.make(key), baseUrl: url, fetch }
    const reply = yield* Effect.provide(send(), Layer.effect(Claude.Claude, Claude.make(options)))
    return Message.textOf(reply)
  }).pipe(
    Effect.ensuring(
      Effect.sync(() => {
        vi.unstubAllEnvs()
        vi.resetModules()
      })
    ),
    Effect.timeoutOrElse({ duration: safety, orElse: () => Effect.die(new Error("it hangs")) })
  )

describe("a proxy", () => {
  it.live("forwards plain requests and tunnels encrypted ones, in HTTP/2 too", () =>
    Effect.gen(function* () {
      const plain = yield* serve(answer)
      const secure = yield* serveSecure(answer)
      for (const upper of [true, false]) {
        const proxy = yield* serveProxy
        const name = (variable: string) => (upper ? variable : variable.toLowerCase())
        assert.strictEqual(yield* renewed({ [name("HTTP_PROXY")]: proxy.url }, plain.url), "Paris")
        assert.strictEqual(yield* renewed({ [name("HTTPS_PROXY")]: proxy.url }, secure.url), "Paris")
        assert.deepStrictEqual(proxy.seen, [
          `POST ${plain.url}/v1/messages`,
          `CONNECT ${secure.url.slice("https://".length)}`
        ])
      }
      assert.deepStrictEqual([...secure.state.versions], ["2.0"])
    })
  )

  it.live("is left out for the hosts of NO_PROXY", () =>
    Effect.gen(function* () {
      const secure = yield* serveSecure(answer)
      const proxy = yield* serveProxy
      for (const name of ["NO_PROXY", "no_proxy"]) {
        yield* renewed({ HTTPS_PROXY: proxy.url, [name]: "example.org,localhost" }, secure.url)
      }
      assert.deepStrictEqual(proxy.seen, [])
    })
  )

  it.live("that refuses, or is none, makes Claude Unreachable for good", () =>
    Effect.gen(function* () {
      const proxy = createHttpServer().on("connect", (_, socket) =>
        socket.write("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
      )
      yield* Effect.acquireRelease(
        Effect.promise(() => new Promise<void>((resolve) => proxy.listen(0, resolve))),
        () => Effect.sync(() => proxy.close())
      )
      const refusing = `http://localhost:${(proxy.address() as AddressInfo).port}`
      for (const [HTTPS_PROXY, detail] of [
        [refusing, "answered 407"],
        ["socks5://localhost:1", "no http:// or https:// URL"]
      ] as const) {
        const error = yield* Effect.flip(renewed({ HTTPS_PROXY }, "https://localhost:2"))
        assert.strictEqual(error.reason._tag, "Unreachable")
        assert.include(error.message, detail)
        assert.isFalse(error.isRetryable)
      }
    })
  )

  it.live("that says nothing keeps no socket once nobody waits", () =>
    Effect.gen(function* () {
      const doors: Array<Socket> = []
      const silent = createServer((socket) => doors.push(socket.resume().on("error", () => {})))
      yield* Effect.acquireRelease(
        Effect.promise(() => new Promise<void>((resolve) => silent.listen(0, resolve))),
        () => Effect.sync(() => silent.close())
      )
      const HTTPS_PROXY = `http://localhost:${(silent.address() as AddressInfo).port}`
      const fiber = yield* Effect.forkChild(renewed({ HTTPS_PROXY }, "https://localhost:2"))
      yield* Effect.promise(() => vi.waitUntil(() => doors.length > 0))
      yield* Fiber.interrupt(fiber)
      yield* Effect.promise(() => vi.waitUntil(() => doors.every(({ readyState }) => readyState !== "open")))
    })
  )

  it.live("that is not there makes Claude Unreachable", () =>
    Effect.gen(function* () {
      const secure = yield* serveSecure(answer)
      const error = yield* Effect.flip(renewed({ HTTPS_PROXY: "http://127.0.0.1:1" }, secure.url))
      assertUnreachable(error)
      assert.include(error.message, "the proxy 127.0.0.1:1: connect ECONNREFUSED")
    })
  )
})

const root = resolve(import.meta.dirname, "..")
const certificate = join(mkdtempSync(join(tmpdir(), "fanfold-transport-")), "certificate.pem")
writeFileSync(certificate, testCertificate)

/** Runs a script in a process of its own and gives what it printed. */
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
  }).pipe(Effect.timeoutOrElse({ duration: safety, orElse: () => Effect.die(new Error("it does not exit")) }))

const runOnce = `
  const { run } = require("fanfold/promise")
  const ask = () => run({ asks: ["Which capital?"], baseUrl: process.argv[1], apiKey: "${key}" })
  ask().then(ask).then(({ answers }) => console.log(answers[0]))
`

/** Nothing but its connection keeps this process alive. */
const sendOnce = `
  import("./src/Transport.ts")
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

describe("a process", () => {
  it.live("survives requests that are aborted as they leave", () =>
    Effect.gen(function* () {
      const { state, url } = yield* serveSecure(() => {})
      assert.strictEqual(yield* node(hurry, url), "done")
      yield* Effect.promise(() => vi.waitUntil(() => state.connections.every(({ open }) => open === 0)))
    })
  )

  it.live("keeps nothing of a request that was answered", () =>
    Effect.gen(function* () {
      const { url } = yield* serveSecure(answer)
      assert.isBelow(Number(yield* node(crowds, url)), 2500, "bytes an ask")
    })
  )

  it.live("ends with its work, whatever connections are kept", () =>
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

  it.live("sends nothing for a signal that was aborted before", () =>
    Effect.gen(function* () {
      const { arrived, url } = yield* serve(answer)
      const { fetch } = yield* Effect.promise(() => import("../src/Transport.ts"))
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

  it.live("whose global fetch was given a mock dispatcher meets that", () =>
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

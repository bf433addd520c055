/** How a response over HTTP/1.1 is read: where it ends, which headers it has, and what is no response. */
import { once } from "node:events"
import { type AddressInfo, createServer } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { ConnectionBudget } from "../../src/transport/ConnectionBudget.ts"
import { Exchange } from "../../src/transport/Exchange.ts"
import { Http1Pool } from "../../src/transport/Http1.ts"
import { ResponseReader } from "../../src/transport/Http1Response.ts"

/** Reads these lines, in pieces of so many bytes. */
const read = (lines: ReadonlyArray<string>, pieceBytes = Number.POSITIVE_INFINITY) => {
  const exchange = new Exchange(
    "http://localhost/",
    undefined,
    () => {},
    () => {}
  )
  const reader = new ResponseReader(exchange)
  const bytes = Buffer.from(lines.join("\r\n"), "latin1")
  let rest: Buffer | Error = bytes
  for (let at = 0; at < bytes.length && !(rest instanceof Error) && !reader.isComplete; at += pieceBytes) {
    rest = reader.read(bytes.subarray(at, at + pieceBytes))
  }
  return { exchange, reader, rest }
}

const codeOf = (lines: ReadonlyArray<string>): string | undefined => {
  const { rest } = read(lines)
  return rest instanceof Error ? (rest as NodeJS.ErrnoException).code : undefined
}

const ok = "HTTP/1.1 200 OK"
const response = (text: string): string => `${ok}\r\ncontent-length: ${text.length}\r\n\r\n${text}`

const isKept = (first: string, connection: string) => read([first, connection, "", ""]).reader.head?.isKept

describe("a response over HTTP/1.1", () => {
  it("ends after its content-length, its last chunk, or the end of the connection", async () => {
    const chunked = [
      ok,
      "Transfer-Encoding: gzip, Chunked",
      "",
      "3;name=value",
      "Par",
      "00A",
      "is, France",
      "0",
      "x: 1",
      ""
    ]
    for (const pieceBytes of [1, 3, Number.POSITIVE_INFINITY]) {
      const { exchange, reader } = read([...chunked, ""], pieceBytes)
      assert.isTrue(reader.isComplete)
      assert.strictEqual(await exchange.text(), "Paris, France")
    }
    const { exchange, rest } = read([ok, "content-length: 5", "", "Paris!"])
    assert.strictEqual(await exchange.text(), "Paris")
    assert.strictEqual(String(rest), "!")
    const open = read([ok, "", "Paris"])
    assert.isFalse(open.reader.isComplete)
    assert.isTrue(open.reader.end())
    assert.strictEqual(await open.exchange.text(), "Paris")
    assert.isFalse(read(chunked).reader.end())
  })

  it("has no body with status 204 or 304, and none of its own with 1xx", () => {
    for (const status of [204, 304]) assert.isTrue(read([`HTTP/1.1 ${status} `, "", ""]).reader.isComplete)
    const { exchange, reader } = read([
      "HTTP/1.1 100 Continue",
      "",
      "HTTP/1.1 103",
      "link: x",
      "",
      ok,
      "content-length: 0",
      "",
      ""
    ])
    assert.isTrue(reader.isComplete)
    assert.strictEqual(exchange.status, 200)
    assert.isNull(exchange.headers.get("link"))
  })

  it("has headers by lower-case names, with the values of repeated ones joined where they may have several", () => {
    const lines = [
      "Via: a",
      "VIA:\tb \t",
      "Retry-After: 1",
      "retry-after: 2",
      "folded: a",
      "\t b",
      "empty:",
      "umlaut: ä"
    ]
    const { exchange } = read([ok, ...lines, "__proto__: x", "", ""])
    const found = Object.fromEntries(exchange.headers.entries())
    assert.deepStrictEqual(found, { via: "a, b", "retry-after": "1", folded: "a b", empty: "", umlaut: "ä" })
  })

  it("leaves the connection open as its version and its header say", () => {
    assert.isTrue(isKept(ok, "x: close"))
    assert.isFalse(isKept(ok, "connection: foo, Close"))
    assert.isFalse(isKept("HTTP/1.0 200 OK", "x: keep-alive"))
    assert.isTrue(isKept("HTTP/1.0 200 OK", "connection: Keep-Alive"))
  })

  it("that is none is an error with the code of Node's parser", () => {
    assert.strictEqual(codeOf(["SSH-2.0"]), "HPE_INVALID_CONSTANT")
    assert.strictEqual(codeOf(["HTTP/2"]), "HPE_INVALID_CONSTANT")
    assert.strictEqual(codeOf(["HTTP/1.1 0200", "", ""]), "HPE_INVALID_STATUS")
    assert.strictEqual(codeOf(["HTTP/1.1 101 Switching", "upgrade: x", "", ""]), "HPE_PAUSED_UPGRADE")
    assert.strictEqual(codeOf([ok, "no colon", "", ""]), "HPE_INVALID_HEADER_TOKEN")
    assert.strictEqual(codeOf([ok, "a name: 1", "", ""]), "HPE_INVALID_HEADER_TOKEN")
    assert.strictEqual(codeOf([ok, "name: 1\nother: 2", "", ""]), "HPE_INVALID_HEADER_TOKEN")
    assert.strictEqual(codeOf([ok, `x: ${"y".repeat(70_000)}`]), "HPE_HEADER_OVERFLOW")
    assert.strictEqual(codeOf([ok, "content-length: 5, 5", "", ""]), "HPE_INVALID_CONTENT_LENGTH")
    assert.strictEqual(codeOf([ok, "content-length: +5", "", ""]), "HPE_INVALID_CONTENT_LENGTH")
    const both = ["content-length: 5", "transfer-encoding: chunked"]
    assert.strictEqual(codeOf([ok, ...both, "", ""]), "HPE_INVALID_TRANSFER_ENCODING")
    const chunked = [ok, "transfer-encoding: chunked", ""]
    assert.strictEqual(codeOf([...chunked, "-1", ""]), "HPE_INVALID_CHUNK_SIZE")
    assert.strictEqual(codeOf([...chunked, "2", "abc", ""]), "HPE_STRICT")
  })
})

describe("a request over HTTP/1.1", () => {
  it("has the bytes of its headers, and a body in UTF-8", async () => {
    const { promise: received, resolve: onReceived } = Promise.withResolvers<Buffer>()
    const server = createServer((socket) => {
      let bytes = Buffer.alloc(0)
      socket.on("data", (more) => {
        bytes = Buffer.concat([bytes, more])
        if (!bytes.includes("}")) return
        onReceived(bytes)
        socket.end(response(""))
      })
    })
    await once(server.listen(0, "127.0.0.1"), "listening")
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    const pool = new Http1Pool(url, undefined, new ConnectionBudget(100))
    await new Promise<Exchange>((resolve, reject) => {
      const exchange = new Exchange(url.href, undefined, resolve, reject)
      exchange.start(() => pool.send({ url, method: "POST", headers: { "x-name": "ä" }, body: `{"ä"}` }, exchange))
    })
    const bytes = await received
    assert.include(bytes.toString("latin1"), "x-name: ä\r\n")
    assert.include(bytes.toString("utf8"), `content-length: 6\r\n\r\n{"ä"}`)
    while (pool.closeIdle());
    server.close()
  })
})

describe("a connection that is idle", () => {
  it("is closed by a response that no request asked for, which is not taken for that to the next one", async () => {
    let connections = 0
    const { promise: closed, resolve: onClose } = Promise.withResolvers<void>()
    const server = createServer((socket) => {
      const nth = ++connections
      socket
        .on("error", () => {})
        .on("close", () => onClose())
        .on("data", () => {
          socket.write(response(`answer ${nth}`))
          setImmediate(() => socket.write(response("late")))
        })
    })
    await once(server.listen(0, "127.0.0.1"), "listening")
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    const pool = new Http1Pool(url, undefined, new ConnectionBudget(100))
    const ask = () =>
      new Promise<Exchange>((resolve, reject) => {
        const exchange = new Exchange(url.href, undefined, resolve, reject)
        exchange.start(() => pool.send({ url, method: "POST", headers: {}, body: "{}" }, exchange))
      }).then((response) => response.text())
    assert.strictEqual(await ask(), "answer 1")
    await closed
    assert.strictEqual(await ask(), "answer 2")
    while (pool.closeIdle());
    server.close()
  })
})

import { request } from "node:http"
import { connect } from "node:net"
import Anthropic from "@anthropic-ai/sdk"
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { mockClaude, type Server } from "fanfold/mocks"
import { body, post } from "./ask.ts"

/** Writes raw bytes to the server, and gives what it sends until either side closes the connection. */
const raw = (server: Server, bytes: Uint8Array | string): Promise<string> =>
  new Promise((resolve) => {
    let received = ""
    const socket = connect(server.port, "127.0.0.1", () => {
      socket.write(bytes)
      socket.end()
    })
    socket.setTimeout(300, () => socket.destroy())
    socket.on("data", (data) => (received += data.toString("latin1")))
    socket.on("error", () => {})
    socket.on("close", () => resolve(received))
  })

const assertAlive = async (server: Server): Promise<void> => {
  const client = new Anthropic({ apiKey: "offline", baseURL: server.url, maxRetries: 0 })
  assert.isAbove((await client.models.list()).data.length, 0)
}

const key = "sk-ant-super-secret-0123456789"

describe("the server", () => {
  it("listens on 127.0.0.1 on a free port until it is closed", async () => {
    const server = await mockClaude().serve()
    assert.match(server.url, /^http:\/\/127\.0\.0\.1:\d+$/)
    await assertAlive(server)
    await server.close()
    assert.strictEqual(await raw(server, "GET /v1/models HTTP/1.1\r\n\r\n"), "")
  })

  it("closes connections in use", async () => {
    const claude = mockClaude({ latency: () => 60_000 })
    const server = await claude.serve()
    const hanging = fetch(`${server.url}/v1/models`, {
      headers: { "x-api-key": "a", "anthropic-version": "2026-10-21" }
    })
    const failed = hanging.then(
      () => "answered",
      () => "cut"
    )
    while (claude.journal.inFlight === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    await server.close()
    assert.strictEqual(await failed, "cut")
  })

  it("survives raw bytes, invalid HTTP and huge headers without sending the key", { timeout: 60_000 }, async () => {
    await using server = await mockClaude().serve()
    const verbs = fc.constantFrom("GET", "POST", "PUT", "\u0000", "POST /v1/messages HTTP/9.9")
    const paths = fc.constantFrom(
      "/",
      "/v1/messages",
      "/v1/messages/batches/../../x",
      "//",
      "/%zz",
      "http://[/",
      "/v1/models/%E0%A4%A"
    )
    const requests = fc
      .tuple(verbs, paths, fc.string(), fc.string({ unit: "binary" }))
      .map(
        ([verb, path, header, text]) =>
          `${verb} ${path} HTTP/1.1\r\nhost: x\r\nx-api-key: ${key}\r\na: ${header}\r\ncontent-length: ${text.length}\r\n\r\n${text}`
      )
    const json = fc
      .json()
      .map(
        (text) =>
          `POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: ${key}\r\nanthropic-version: 2026-10-21\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
      )
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 2000 }), requests, json), async (bytes) => {
        assert.notInclude(await raw(server, bytes), key)
      }),
      { numRuns: 150 }
    )
    assert.match(
      await raw(server, `GET / HTTP/1.1\r\nhost: x\r\nx: ${"y".repeat(200_000)}\r\n\r\n`),
      /^(HTTP\/1\.1 4\d\d|$)/
    )
    assert.match(
      await raw(server, "GET /v1/models HTTP/1.1\r\nhost: a b\r\nx-api-key: k\r\n\r\n"),
      /^(HTTP\/1\.1 4\d\d|$)/
    )
    await assertAlive(server)
  })

  it("accepts any JSON as a Messages body without an internal error", async () => {
    const claude = mockClaude()
    const field = fc.constantFrom(
      "model",
      "max_tokens",
      "messages",
      "system",
      "tools",
      "tool_choice",
      "output_config",
      "thinking",
      "cache_control",
      "stop_sequences"
    )
    const strange = fc.dictionary(field, fc.jsonValue())
    await fc.assert(
      fc.asyncProperty(strange, async (more) => {
        const response = await post(claude.fetch, body("x", more))
        assert.notInclude(await response.text(), "the mock failed")
      }),
      { numRuns: 500 }
    )
  })

  it("rejects a body above 32 MB before its end", async () => {
    await using server = await mockClaude().serve()
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const endless = request(`${server.url}/v1/messages`, { method: "POST" }, (response) =>
        resolve(response.statusCode)
      )
      endless.on("error", reject)
      endless.write("x".repeat(33 * 1024 * 1024))
    })
    assert.strictEqual(status, 413)
    const response = await fetch(`${server.url}/v1/messages`, {
      method: "POST",
      body: "x".repeat(33 * 1024 * 1024)
    }).catch(() => undefined)
    if (response !== undefined) assert.strictEqual(response.status, 413)
    await assertAlive(server)
  })

  it("does not send a key back", async () => {
    await using server = await mockClaude().serve()
    for (const path of ["/v1/messages", "/v1/models", "/nowhere"]) {
      for (const headers of [
        { "x-api-key": key },
        { authorization: `Bearer ${key}` },
        { authorization: `Bearer invalid ${key}` }
      ]) {
        const response = await fetch(`${server.url}${path}`, { headers })
        const text = `${JSON.stringify([...response.headers])}${await response.text()}`
        assert.notInclude(text, key)
      }
    }
  })
})

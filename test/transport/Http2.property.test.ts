/** What must hold of a response over HTTP/2 in whatever order and pieces its frames come. */
import { once } from "node:events"
import { type AddressInfo, connect as connectTo, createServer } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import type { Exchange, Outgoing } from "../../src/transport/Exchange.ts"
import { Connection } from "../../src/transport/Http2.ts"
import * as Bodies from "./Bodies.ts"
import { hasLength, isCutVisible, read, reading } from "./Bodies.ts"
import * as Frames from "./Frames.ts"

const outgoing: Outgoing = { url: new URL("http://localhost/v1"), method: "POST", headers: {}, body: "x".repeat(2000) }

/** A connection to a server that answers with these frames, and the requests that may be sent again. */
const connect = async (
  moment: "early" | "complete",
  framesOf: (id: number) => ReadonlyArray<Buffer>,
  isSlow: boolean
) => {
  const server = createServer((socket) =>
    Frames.answer(socket, moment, async (id) => {
      for (const bytes of framesOf(id)) {
        if (bytes.length === 0) socket.end()
        else socket.write(bytes)
        if (isSlow) await new Promise((resolve) => setImmediate(resolve))
      }
    })
  )
  await once(server.listen(0, "127.0.0.1"), "listening")
  const socket = connectTo((server.address() as AddressInfo).port, "127.0.0.1")
  const rejected: Array<Exchange> = []
  const connection = new Connection(socket, "http://localhost", 100, {
    onCapacity: () => {},
    onClosed: () => {},
    onHttp1Required: () => assert.fail("no stream is reset with HTTP_1_1_REQUIRED"),
    onRejected: (_outgoing, exchange) => rejected.push(exchange)
  })
  return {
    connection,
    rejected,
    close: () => {
      socket.destroy()
      server.close()
    }
  }
}

const closing = Buffer.alloc(0)
const cancelled = 8
const codes = fc.constantFrom(0, 2, 7, cancelled, 11)

describe("a response over HTTP/2", () => {
  it("is whole exactly if all of it came, however its frames come", async () => {
    await fc.assert(
      fc.asyncProperty(
        Bodies.plan,
        reading,
        fc.record({
          moment: fc.constantFrom("early" as const, "complete" as const),
          hasHints: fc.boolean(),
          end: fc.constantFrom("with the last data" as const, "alone" as const, "trailers" as const, "never" as const),
          code: fc.option(codes),
          isReset: fc.boolean(),
          packets: fc.constantFrom("one" as const, "a frame each" as const, "small" as const),
          isSlow: fc.boolean()
        }),
        async (plan, how, { code, end, hasHints, isReset, isSlow, moment, packets }) => {
          const one = Bodies.make(plan)
          // A server that ends a cut-off body without any sign of its length, or resets it without an error, cannot be found out.
          const isMute = !one.isWhole && !isCutVisible(one)
          fc.pre(!(isMute && end !== "never") && !(end === "never" && isReset && code === 0 && !hasLength(one)))
          const framesOf = (id: number): ReadonlyArray<Buffer> => {
            const last = one.pieces.length - 1
            const frames = [
              ...(hasHints ? [Frames.headers(id, { ":status": "103", link: "</style.css>" })] : []),
              Frames.headers(id, { ":status": "200", ...one.headers }, false),
              ...one.pieces.map((piece, index) =>
                Frames.data(id, piece, index === last && end === "with the last data")
              ),
              ...(end === "alone" || (end === "with the last data" && last < 0)
                ? [Frames.data(id, Buffer.alloc(0), true)]
                : []),
              ...(end === "trailers" ? [Frames.headers(id, { "x-checksum": "1" }, true)] : []),
              ...(isReset && code !== null ? [Frames.reset(id, code)] : [])
            ]
            const bytes = Buffer.concat(frames)
            const split =
              packets === "one"
                ? [bytes]
                : packets === "a frame each"
                  ? frames
                  : Array.from({ length: Math.ceil(bytes.length / 7) }, (_, n) => bytes.subarray(7 * n, 7 * n + 7))
            return bytes.length > 2000 && packets === "small" ? [bytes, closing] : [...split, closing]
          }
          const { close, connection } = await connect(moment, framesOf, isSlow)
          const { exchange, outcome } = read(how)
          exchange.start(() => connection.send(outgoing, exchange))
          const result = await outcome
          close()
          // A reset in the packet of the end, before the request was written, hides whether the end came.
          const isUnclear = moment === "early" && isReset && end !== "never" && !hasLength(one)
          const isExpected = one.isWhole && (end !== "never" || hasLength(one))
          if (typeof result === "object" && "text" in result) {
            assert.isTrue(isExpected, "an incomplete response was taken for a whole one")
            assert.strictEqual(result.text, one.text)
          } else {
            assert.property(result, "error")
            assert.isTrue(!isExpected || isUnclear, "a whole response was lost")
          }
        }
      ),
      { numRuns: 600 }
    )
  })

  it("that never came may be asked for again, if the request is above the last stream of GOAWAY", async () => {
    for (const code of [0, 11]) {
      const framesOf = (id: number) => (id === 5 ? [Frames.goaway(3, code), closing] : [])
      const { close, connection, rejected } = await connect("complete", framesOf, false)
      const sent = [1, 2, 3, 4].map(() => {
        const one = read("as a text")
        one.exchange.start(() => connection.send(outgoing, one.exchange))
        return one
      })
      const results = await Promise.all(sent.slice(0, 2).map(({ outcome }) => outcome))
      results.forEach((result) => assert.property(result, "error"))
      await new Promise((resolve) => setTimeout(resolve, 50))
      assert.sameMembers(
        rejected,
        sent.slice(2).map(({ exchange }) => exchange)
      )
      close()
    }
  })
})

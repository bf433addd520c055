/** What must hold of responses over HTTP/1.1 in whatever pieces they come, and whatever the server does to the connection. */
import { once } from "node:events"
import { type AddressInfo, createServer, type Socket } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { ConnectionBudget } from "../../src/transport/ConnectionBudget.ts"
import { Http1Pool } from "../../src/transport/Http1.ts"
import * as Bodies from "./Bodies.ts"
import { hasLength, isCutVisible, read, reading } from "./Bodies.ts"

const answer = fc.record({
  plan: Bodies.plan,
  how: reading,
  framing: fc.constantFrom("chunked" as const, "until the end" as const),
  moment: fc.constantFrom("early" as const, "complete" as const),
  hasHints: fc.boolean(),
  isClosing: fc.boolean(),
  after: fc.constantFrom("stay" as const, "end" as const, "garbage" as const),
  isSlow: fc.boolean()
})
type Answer = typeof answer extends fc.Arbitrary<infer A> ? A : never

const crlf = "\r\n"
const lines = (...all: ReadonlyArray<string>): Buffer => Buffer.from(`${all.join(crlf)}${crlf}${crlf}`)

/** The bytes of an answer, in the pieces in which they are written. */
const piecesOf = ({ framing, hasHints, isClosing, plan }: Answer): ReadonlyArray<Buffer> => {
  const one = Bodies.make(plan)
  const isChunked = framing === "chunked" && !hasLength(one)
  const body = one.pieces.map((piece) =>
    isChunked ? Buffer.concat([Buffer.from(`${piece.length.toString(16)}${crlf}`), piece, Buffer.from(crlf)]) : piece
  )
  return [
    ...(hasHints ? [lines("HTTP/1.1 103 Early Hints", "link: </style.css>")] : []),
    lines(
      "HTTP/1.1 200 OK",
      ...Object.entries(one.headers).map(([name, value]) => `${name}: ${value}`),
      ...(isChunked ? ["transfer-encoding: chunked"] : []),
      ...(isClosing ? ["connection: close"] : [])
    ),
    ...body,
    ...(isChunked && one.isWhole ? [lines("0", "x-checksum: 1")] : [])
  ]
}

/** Whether the end of a body that is cut off looks like the end of a whole one. */
const isMute = ({ framing, plan }: Answer): boolean =>
  !plan.isWhole && framing === "until the end" && !isCutVisible(Bodies.make(plan))

/** Whether the end of an answer is known without the end of the connection. */
const hasEnd = ({ framing, plan }: Answer): boolean => plan.isWhole && (framing === "chunked" || plan.hasLength)

/** A cut-off answer, or one that lasts until the connection closes, ends with the connection. */
const endsConnection = (one: Answer): boolean => one.isClosing || one.after !== "stay" || !hasEnd(one)

const write = async (socket: Socket, one: Answer): Promise<void> => {
  for (const piece of piecesOf(one)) {
    socket.write(piece)
    if (one.isSlow) await new Promise((resolve) => setImmediate(resolve))
  }
  if (one.after === "garbage" && hasEnd(one)) socket.write("this is no response\r\n")
  if (endsConnection(one)) socket.end()
}

/** Answers each request with the answer of its path, and lists the paths of those that arrived. */
const serve = async (answers: ReadonlyArray<Answer>) => {
  const arrived: Array<number> = []
  const server = createServer((socket) => {
    let text = ""
    let isAnswered = false
    socket.on("error", () => {})
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1")
      const index = Number(/^POST \/(\d)/.exec(text)?.[1] ?? Number.NaN)
      const one = answers[index]
      const isComplete = text.endsWith("}")
      if (one !== undefined && !isAnswered && (isComplete || one.moment === "early")) {
        isAnswered = true
        arrived.push(index)
        void write(socket, one)
      }
      if (!isComplete) return
      text = ""
      isAnswered = false
    })
  })
  await once(server.listen(0, "127.0.0.1"), "listening")
  return { arrived, server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

describe("a response over HTTP/1.1", () => {
  it("is whole exactly if all of it came, and later ones on the connection are not mixed up with it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(answer, { minLength: 1, maxLength: 3 }), async (all) => {
        fc.pre(!all.some(isMute))
        const { arrived, origin, server } = await serve(all)
        const pool = new Http1Pool(new URL(origin), undefined, new ConnectionBudget(100))
        for (const [index, one] of all.entries()) {
          const { exchange, outcome } = read(one.how)
          const url = new URL(`${origin}/${index}`)
          const outgoing = { url, method: "POST", headers: {}, body: `{${"x".repeat(3000)}}` }
          exchange.start(() => pool.send(outgoing, exchange))
          const result = await outcome
          // The server may close the connection as the next request is being written: whether it arrived is not known then.
          const mayBeLost = index > 0 && endsConnection(all[index - 1]!)
          if ("error" in (result as object)) assert.isTrue(!one.plan.isWhole || mayBeLost, `answer ${index} was lost`)
          else assert.deepStrictEqual(result, { text: Bodies.make(one.plan).text })
          if (!one.plan.isWhole) assert.property(result, "error")
        }
        assert.strictEqual(new Set(arrived).size, arrived.length, "a request was sent twice")
        while (pool.closeIdle());
        server.close()
      }),
      { numRuns: 400 }
    )
  })
})

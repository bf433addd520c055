/** Problems of MSW 3: each test fails without the workaround in mocks/msw.ts or mocks/wire. */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import Anthropic, { BadRequestError } from "@anthropic-ai/sdk"
import { afterEach, assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { setupServer } from "msw/node"
import { fault, latency, layer, mockClaude, type MockClaude, Offline } from "fanfold/mocks/msw"

const params = { model: "claude-haiku-4-5", max_tokens: 500, messages: [{ role: "user", content: "Hello?" }] } as const
const question = { ...params, messages: [...params.messages] }

let close = (): void => {}
const intercept = (claude: MockClaude): Anthropic => {
  const server = setupServer(...claude.handlers())
  server.listen({ onUnhandledFrame: "error" })
  close = () => server.close()
  return new Anthropic({ apiKey: "offline", maxRetries: 2 })
}
afterEach(() => {
  close()
  close = () => {}
})

setFlagsFromString("--expose_gc")
const collect = runInNewContext("gc") as () => void

describe("over MSW", () => {
  it("an abort in a stream does not end the process or leave the request open", async () => {
    const claude = mockClaude({ latency: latency.fixed(60_000, { firstTokenMillis: 0 }) })
    const client = intercept(claude)
    for (let round = 0; round < 20; round++) {
      const control = new AbortController()
      const stream = await client.messages.create({ ...question, stream: true }, { signal: control.signal })
      for await (const _ of stream) control.abort()
    }
    while (claude.journal.inFlight > 0) await new Promise((resolve) => setTimeout(resolve, 5))
    assert.strictEqual(claude.journal.verdict().aborted, 20)
  })

  it("a cut stream is an error", async () => {
    const claude = mockClaude()
    claude.fault(fault.cut({ afterDeltas: 1 }))
    const stream = await intercept(claude).messages.create({ ...question, stream: true })
    let failure: unknown
    try {
      for await (const _ of stream);
    } catch (error) {
      failure = error
    }
    assert.instanceOf(failure, Error)
  })

  it("immediate replies one after another keep no memory", { timeout: 60_000 }, async () => {
    const claude = mockClaude({ journalEntries: 10 })
    const client = intercept(claude)
    const many = async (count: number): Promise<number> => {
      for (let index = 0; index < count; index++) await client.messages.create(question)
      collect()
      return process.memoryUsage().heapUsed
    }
    const before = await many(200)
    const perReply = ((await many(1000)) - before) / 1000
    console.log(`heap kept by a reply over MSW: ${Math.round(perReply)} bytes`)
    assert.isBelow(perReply, 15_000)
  })

  it("an exception of a test's own function is a 400 that is not retried", async () => {
    const claude = mockClaude({
      latency: () => {
        throw new Error("my own mistake")
      }
    })
    const error = await intercept(claude)
      .messages.create(question)
      .then(
        () => undefined,
        (error: unknown) => error
      )
    assert.instanceOf(error, BadRequestError)
    assert.include(String(error), "my own mistake")
    assert.strictEqual(claude.journal.attempts, 1)
  })

  it("the layer fails requests to other addresses, until its scope closes", async () => {
    await using other = await mockClaude().serve()
    const elsewhere = (): Promise<string> =>
      fetch(other.url).then(
        () => "let through",
        () => "refused"
      )
    const program = Effect.gen(function* () {
      const claude = yield* Offline.MockClaude
      claude.when({}).reply("From a layer.")
      const reply = yield* Effect.promise(() => new Anthropic({ apiKey: "offline" }).messages.create(question))
      return [reply.content, yield* Effect.promise(elsewhere)] as const
    })
    const provided = Effect.provide(program, layer().pipe(Layer.provideMerge(Offline.layer())))
    const [content, inside] = await Effect.runPromise(provided)
    assert.deepInclude(content[0], { type: "text", text: "From a layer." })
    assert.deepStrictEqual([inside, await elsewhere()], ["refused", "let through"])
  })
})

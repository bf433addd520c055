/** The document of a run for scripts without Effect, read while it is written. */
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { fault } from "fanfold/mocks"
import { RunError, stream, Synthesis } from "fanfold/promise"
import { until } from "./cli/Process.ts"
import { apiKey, mock, rejection } from "./Promised.ts"

/** Reads to the end. */
const read = async (texts: AsyncIterable<string>) => {
  const pieces: Array<string> = []
  for await (const text of texts) pieces.push(text)
  return pieces
}

describe.concurrent("stream", () => {
  it("gives the document in pieces, and the result with all of it", async () => {
    const claude = mock()
    await using server = await claude.serve()
    const { result, textStream } = stream({ asks: { a: "one?" }, synthesis: "Fold", baseUrl: server.url, apiKey })
    const pieces = await read(textStream)
    const { answers, document } = await result
    const text: string = document
    assert.isAbove(pieces.length, 1)
    assert.strictEqual(pieces.join(""), text)
    assert.include(text, "Simulated synthesis of 1 finding.")
    assert.include(answers.a, "one?")
    // Only the document is read, so only the synthesis is streamed.
    assert.deepStrictEqual(
      claude.journal.entries.map(({ streamed }) => streamed),
      [false, true]
    )
  })

  it("gives the JSON of a structured document", async () => {
    const Memo = Schema.Struct({ verdict: Schema.Literals(["go", "wait"]) })
    const synthesis = Synthesis.object("Fold", Memo)
    const { result, textStream } = stream({ asks: ["one?"], synthesis, apiKey, fetch: mock().fetch })
    const text = (await read(textStream)).join("")
    assert.deepStrictEqual(JSON.parse(text), (await result).document)
  })

  it("goes on where its text is not read", async () => {
    const { result } = stream({ asks: ["one?"], synthesis: "Fold", apiKey, fetch: mock().fetch })
    assert.include((await result).document, "Simulated synthesis")
  })

  it("throws to the reader, and rejects, where the run fails", async () => {
    const { result, textStream } = stream({ asks: ["fail?"], synthesis: "Fold", apiKey, fetch: mock().fetch })
    const error = await rejection(read(textStream))
    assert.instanceOf(error, RunError)
    assert.strictEqual(await rejection(result), error)
  })

  it("throws the text's error alone where nobody waits for the result", async () => {
    const claude = mock()
    claude.fault(fault.forbidden(), { when: { part: "synthesis" } })
    const { textStream } = stream({ asks: ["one?"], synthesis: "Fold", apiKey, fetch: claude.fetch })
    assert.instanceOf(await rejection(read(textStream)), RunError)
    // A rejection that nobody handles would fail the test run.
    await new Promise((resolve) => setImmediate(resolve))
  })

  it("aborts the run when the loop is left, and when the signal aborts", async () => {
    const claude = mock()
    claude.fault(fault.stall({ afterDeltas: 2 }), { when: { part: "synthesis" } })
    await using server = await claude.serve()
    const options = { asks: ["one?"], synthesis: "Fold", baseUrl: server.url, apiKey } as const
    const left = stream(options)
    for await (const text of left.textStream) {
      assert.isAbove(text.length, 0)
      break
    }
    assert.strictEqual((await rejection(left.result)).name, "AbortError")
    await until(() => claude.journal.inFlight === 0)

    const controller = new AbortController()
    const aborted = stream({ ...options, signal: controller.signal })
    const reading = rejection(read(aborted.textStream))
    await until(() => claude.journal.inFlight === 1 && claude.journal.attempts === 4)
    const reason = { why: "enough" }
    controller.abort(reason)
    assert.strictEqual(await reading, reason)
    assert.strictEqual(await rejection(aborted.result), reason)
    await until(() => claude.journal.inFlight === 0)
  })

  it("rejects wrong arguments with a RangeError, a missing synthesis too", async () => {
    const claude = mock()
    const asks = ["one?"]
    const table: ReadonlyArray<readonly [options: object, message: string]> = [
      [{ asks }, "synthesis: expected an instruction, Synthesis.text or Synthesis.object, got undefined"],
      [{ asks, synthesis: "Fold", concurrency: 0 }, "concurrency: expected a whole number ≥ 1, got 0"]
    ]
    for (const [options, message] of table) {
      const { result, textStream } = stream({ apiKey, fetch: claude.fetch, ...options } as any)
      const error = await rejection(read(textStream))
      assert.instanceOf(error, RangeError)
      assert.strictEqual(error.message, message)
      assert.strictEqual(await rejection(result), error)
    }
    assert.strictEqual(claude.journal.attempts, 0)
  })
})

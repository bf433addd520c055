/** Whatever order, repetition or size of events: a success has every text that was received, and no error. `FANFOLD_FUZZ_STREAMS` sets how many. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Result } from "effect"
import * as fc from "fast-check"
import { Claude, Message } from "fanfold"
import { request } from "../../FakeClaude.ts"
import { listening, safety } from "../../RealClient.ts"
import { disordered, type Streamed, wellFormed } from "./Streams.ts"

const numRuns = Number(process.env["FANFOLD_FUZZ_STREAMS"] ?? 10_000)

const responseOf = ({ pieces }: Streamed): Response => {
  const left = [...pieces]
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      const next = left.shift()
      if (next === undefined) controller.close()
      else controller.enqueue(next)
    }
  })
  return new Response(body, { headers: { "content-type": "text/event-stream" } })
}

/** One client for all streams; a stream that takes ten seconds hangs. */
const reader = Effect.gen(function* () {
  let next: Streamed = { events: [], pieces: [], tokens: [], blockTokens: [], hasError: false }
  const fetch = () => Promise.resolve(responseOf(next))
  const claude = yield* Claude.make({ apiKey: Redacted.make("sk-ant-fuzz"), fetch })
  return (stream: Streamed, isPlain: boolean) => {
    next = stream
    return claude
      .send(request())
      .pipe(
        isPlain ? (sent) => sent : listening("stream"),
        Effect.timeoutOrElse({ duration: safety, orElse: () => Effect.die(new Error("it hangs")) }),
        Effect.result,
        Effect.runPromise
      )
  }
})

const occurrences = (text: string, token: string): number => text.split(token).length - 1

/** The tokens that a text lacks: each must occur as often as it was received. */
const lackingIn = (text: string, tokens: ReadonlyArray<string>): ReadonlyArray<string> =>
  [...new Set(tokens)].filter(
    (token) => occurrences(text, token) < tokens.filter((received) => received === token).length
  )

describe("an event stream", () => {
  it(`of ${numRuns}, in whatever disorder, never succeeds without text that was received, or after an error`, async () => {
    const read = await Effect.runPromise(reader)
    const seen = { successes: 0, failures: 0 }
    await fc.assert(
      fc.asyncProperty(disordered, fc.boolean(), async (stream, isPlain) => {
        const result = await read(stream, isPlain)
        if (Result.isFailure(result)) {
          seen.failures++
          return
        }
        seen.successes++
        assert.deepStrictEqual(lackingIn(Message.textOf(result.success), stream.tokens), [])
        assert.deepStrictEqual(lackingIn(JSON.stringify(result.success.content), stream.blockTokens), [])
        assert.isFalse(stream.hasError)
      }),
      { numRuns }
    )
    console.log(`streams in disorder: ${seen.successes} read, ${seen.failures} failed, 0 lack text`)
    // Both ends are common, so that the property says something.
    assert.isAtLeast(Math.min(seen.successes, seen.failures), numRuns / 10)
  }, 600_000)

  it("that is well formed is read whole, however a gateway writes it", async () => {
    const read = await Effect.runPromise(reader)
    await fc.assert(
      fc.asyncProperty(wellFormed, fc.boolean(), async (stream, isPlain) => {
        const reply = Result.getOrThrow(await read(stream, isPlain))
        assert.strictEqual(Message.textOf(reply), stream.tokens.join(""))
        assert.deepStrictEqual([reply.stopReason, reply.usage.outputTokens], ["end_turn", 7])
      }),
      { numRuns: 500 }
    )
  })
})

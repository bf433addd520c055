/** What arrives of a stream, and when: after its stop reason no text of an open block is left out. */
import { assert, describe, it } from "@effect/vitest"
import { type Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Message } from "fanfold"
import { send } from "../../FakeClaude.ts"
import { begun, continued, event, stopped, textDelta } from "../../Loopback.ts"
import { injected, listening } from "../../RealClient.ts"

const end = continued.slice(continued.indexOf("event: content_block_stop"))
const [endBlock = "", endMessage = ""] = end.split(/(?=event: message_delta)/)
const ping = event("ping", { type: "ping" })

/** `undefined`: the end of the body. */
type Part = string | Error | undefined

/** The result of a stream whose parts come at these times, or of one that then stays open. */
const arriving = (parts: ReadonlyArray<readonly [after: Duration.Input, part: Part]>) =>
  Effect.gen(function* () {
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined
    const body = new ReadableStream<Uint8Array>({ start: (made) => void (controller = made) })
    const response = new Response(body, { headers: { "content-type": "text/event-stream" } })
    const fiber = yield* send().pipe(
      listening("stream"),
      Effect.provide(injected(() => response)),
      Effect.result,
      Effect.forkChild
    )
    // Each part is read by promises, which virtual time does not wait for.
    const settled = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
    yield* settled
    for (const [after, part] of parts) {
      yield* TestClock.adjust(after)
      yield* settled
      if (fiber.pollUnsafe() !== undefined) break
      if (part instanceof Error) controller?.error(part)
      else if (part === undefined) controller?.close()
      else controller?.enqueue(new TextEncoder().encode(part))
      yield* settled
    }
    yield* TestClock.adjust("40 seconds")
    return yield* Fiber.join(fiber)
  })

const textOf = (parts: Parameters<typeof arriving>[0]) =>
  Effect.map(Effect.flatMap(arriving(parts), Effect.fromResult), Message.textOf)

const open = begun + endMessage

describe("text after the stop reason", () => {
  it.effect.each<readonly [string, Parameters<typeof arriving>[0]]>([
    [
      "of a block that is still open",
      [
        [0, open],
        ["20 seconds", textDelta("is") + endBlock]
      ]
    ],
    [
      "that comes in pieces, for longer than one wait",
      [
        [0, begun + end],
        ["1900 millis", textDelta("i")],
        ["1900 millis", textDelta("s")],
        ["1900 millis", stopped]
      ]
    ]
  ])("%s is in the reply", ([, parts]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* textOf(parts), "Paris")
    })
  )

  it.effect.each<readonly [string, Parameters<typeof arriving>[0]]>([
    ["stays open", [[0, open]]],
    [
      "stays open while pings come",
      [
        [0, open],
        ["20 seconds", ping],
        ["20 seconds", ping]
      ]
    ],
    [
      "breaks off",
      [
        [0, open],
        ["1 second", new Error("reset")]
      ]
    ],
    [
      "goes on, and ends before its block",
      [
        [0, begun.replace("Par", "") + endMessage],
        ["5 seconds", textDelta("Par")],
        ["5 seconds", undefined]
      ]
    ]
  ])("is missing where the body of an open block %s, so that it is tried again", ([, parts]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Effect.flatMap(arriving(parts), Effect.fromResult))
      assert.strictEqual(error.reason._tag, "CutOff", error.message)
      assert.isTrue(error.isRetryable)
      assert.strictEqual(error.partialText, "Par")
    })
  )

  it.effect("is not waited for where all blocks have ended, however many pings come", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* textOf([
          [0, begun + continued],
          ["1 second", ping],
          ["1 second", ping]
        ]),
        "Paris"
      )
    })
  )
})

describe("a stream of another API", () => {
  it.effect("is not asked again where its body breaks off, either", () =>
    Effect.gen(function* () {
      const chunk = `data: ${JSON.stringify({ choices: [{ delta: { content: "Paris" } }] })}\n\n`
      const sent = arriving([
        [0, chunk],
        [0, new Error("reset")]
      ])
      const error = yield* Effect.flip(Effect.flatMap(sent, Effect.fromResult))
      assert.deepInclude(error.reason, { _tag: "NotJson", isForeign: true })
    })
  )
})

/** An interruption closes the connection, as the server sees it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { send } from "../../FakeClaude.ts"
import { begun, type Handler, json, message, serve, startStream } from "../../Loopback.ts"
import { layerTo, listening, type Mode, modes, safety, sendLimited, sendTo } from "../../RealClient.ts"

describe("an interruption", () => {
  const moments: ReadonlyArray<readonly [string, Mode, Handler]> = [
    ["before the headers", "plain", () => {}],
    ["before the headers", "stream", () => {}],
    [
      "in the middle of the body",
      "plain",
      (response) => void response.writeHead(200, { "content-type": "application/json" }).write(`{"id":`)
    ],
    ["in the middle of the body", "stream", (response) => void startStream(response).write(begun)],
    [
      "in the body of an error",
      "plain",
      (response) => void response.writeHead(500, { "content-type": "application/json" }).write("{")
    ]
  ]
  for (const [moment, mode, handler] of moments) {
    it.live(`closes the request at the server ${moment} (${mode})`, () =>
      Effect.gen(function* () {
        const { arrived, first, url } = yield* serve(handler)
        const fiber = yield* Effect.forkChild(send().pipe(listening(mode), Effect.provide(layerTo(url))))
        yield* first
        // What the server has written is then on its way, and sure to have been read after a turn or two.
        yield* Effect.sleep("20 millis")
        yield* Fiber.interrupt(fiber)
        assert.isTrue(yield* Effect.timeout(arrived[0]!.closedEarly, safety))
      })
    )
  }

  it.live("of a limit closes the request too", () =>
    Effect.gen(function* () {
      for (const mode of modes) {
        const { arrived, url } = yield* serve(() => {})
        yield* Effect.flip(sendLimited(url, mode))
        assert.isTrue(yield* Effect.timeout(arrived[0]!.closedEarly, safety))
      }
    })
  )

  it.live("of nothing: a request that was answered ends as it should", () =>
    Effect.gen(function* () {
      const { arrived, url } = yield* serve((response) => void json(response, 200, message("hello")))
      yield* sendTo(url, "plain")
      assert.isFalse(yield* arrived[0]!.closedEarly)
    })
  )
})

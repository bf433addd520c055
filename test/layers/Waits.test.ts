/** What an attempt has waited for before it left, as its event says. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { type Claude, type Event, Pacing, Research, Warm } from "fanfold"
import { asksOf, make, pass, recorder, timed } from "../FakeClaude.ts"
import { document } from "./Warmed.ts"

type Around = Layer.Layer<Claude.Claude, never, Claude.Claude>

/** How long each ask waited, of two that take a second each. */
const waitsUnder = Effect.fnUntraced(function* (layer: Around, context?: string) {
  const { events, listen } = recorder()
  const claude = make(timed({ a: 1000, b: 1000 }))
  yield* pass(
    listen(Research.run(asksOf("a", "b"), { context }).pipe(Effect.provide(Layer.provide(layer, claude.layer))))
  )
  const dispatched = events.filter((event): event is Extract<Event.Event, { _tag: "Dispatched" }> => {
    return event._tag === "Dispatched"
  })
  return dispatched.map(({ ask, waited }) => ({ ask, waited }))
})

const none = { waited: undefined }

describe("an attempt", () => {
  it.effect("says how long it waited for a place within the limits, where it had to", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* waitsUnder(Pacing.layer({ inFlight: 1 })), [
        { ask: "a", ...none },
        { ask: "b", waited: { pacing: 1000 } }
      ])
      assert.deepStrictEqual(yield* waitsUnder(Pacing.layer({ inFlight: 2 })), [
        { ask: "a", ...none },
        { ask: "b", ...none }
      ])
    })
  )

  it.effect("says how long it waited for the ask that leads, and apart from that for its place", () =>
    Effect.gen(function* () {
      // The leader does not stream here, so that its end lets the other go.
      const both = Layer.provide(Warm.layer(), Pacing.layer({ inFlight: 1 }))
      assert.deepStrictEqual(yield* waitsUnder(both, document), [
        { ask: "a", ...none },
        { ask: "b", waited: { warm: 1000 } }
      ])
    })
  )
})

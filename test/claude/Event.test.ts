/** Who listens to a run: a failure of the listener's is its own. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import { Ask, Event, Research } from "fanfold"
import { make } from "../FakeClaude.ts"
import { begun, continued, stopped } from "../Loopback.ts"
import { streamed } from "../RealClient.ts"

/** Keeps what is logged. */
const logging = <A, E, R>(effect: Effect.Effect<A, E, R>) => {
  const logged: Array<string> = []
  const logger = Logger.make(({ message }) => void logged.push(String(message)))
  return Effect.map(Effect.provide(effect, Logger.layer([logger])), (value) => ({ value, logged }))
}

const failing = (_told?: unknown): never => {
  throw new Error("the listener's own")
}

describe("a listener that dies", () => {
  const dying: ReadonlyArray<readonly [how: string, emit: Event.Listener["emit"]]> = [
    ["with a defect", () => Effect.die(new Error("the listener's own"))],
    ["by throwing", failing]
  ]
  for (const [how, emit] of dying) {
    it.effect(`${how} costs no answer, is told on, and is logged`, () =>
      Effect.gen(function* () {
        const told: Array<string> = []
        const listener: Event.Listener = {
          emit: (event) => {
            told.push(event._tag)
            return emit(event)
          }
        }
        const { logged, value } = yield* logging(
          Research.run({ a: Ask.text("a?") }).pipe(
            Effect.provideService(Event.Listener, listener),
            Effect.provide(make().layer)
          )
        )
        assert.deepStrictEqual(value.answers, { a: "answer to a?" })
        assert.deepStrictEqual(told, ["ResearchStarted", "Started", "Answered", "ResearchEnded"])
        assert.lengthOf(logged, 4)
        assert.include(logged[0], "the listener's own")
      })
    )
  }

  it.live("in the midst of a streamed answer costs no word of it", () =>
    Effect.gen(function* () {
      let told = 0
      const delta = () => failing(told++)
      const { logged, value } = yield* logging(streamed(begun + continued + stopped, { delta }))
      assert.deepStrictEqual(value.content, [{ type: "text", text: "Paris" }])
      assert.strictEqual(told, 1)
      assert.lengthOf(logged, 1)
      assert.include(logged[0], "the listener's own")
    })
  )
})

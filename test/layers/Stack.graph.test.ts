/** Several stacks in one layer graph: Effect builds each layer value once, and still no stack gets what is another's. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Redacted } from "effect"
import { Ask, Claude, Stack } from "fanfold"
import { message } from "../Loopback.ts"

type Send = typeof Claude.Claude.Service

class Summaries extends Context.Service<Summaries, Send>()("test/layers/Summaries") {}
class Reviews extends Context.Service<Reviews, Send>()("test/layers/Reviews") {}
class Capped extends Context.Service<Capped, Send>()("test/layers/Capped") {}

/** A stack with this key over a fetch that keeps the keys it gets. */
const stacks = () => {
  const keys: Array<string | null> = []
  const fetch: typeof globalThis.fetch = (_url, init) => {
    keys.push(new Headers(init?.headers).get("authorization"))
    return Promise.resolve(Response.json(message("yes")))
  }
  const stack = (apiKey: string, options: Stack.Options = {}) =>
    Stack.layer({ apiKey: Redacted.make(apiKey), fetch, ...options })
  return { keys, stack }
}

const askBy = <I>(service: Context.Key<I, Send>) => Effect.provideServiceEffect(Ask.text("q"), Claude.Claude, service)

describe("stacks of one layer graph", () => {
  it.live("send each with its own key", () =>
    Effect.gen(function* () {
      const { keys, stack } = stacks()
      const services = Layer.mergeAll(
        Layer.effect(Summaries, Claude.Claude).pipe(Layer.provide(stack("sk-summaries"))),
        Layer.effect(Reviews, Claude.Claude).pipe(Layer.provide(stack("sk-reviews")))
      )
      const both = Effect.all([askBy(Summaries), askBy(Reviews), askBy(Summaries)])
      assert.deepStrictEqual(yield* Effect.provide(both, services), ["yes", "yes", "yes"])
      assert.deepStrictEqual(keys, ["Bearer sk-summaries", "Bearer sk-reviews", "Bearer sk-summaries"])
    })
  )

  it.live("keep each its own budget", () =>
    Effect.gen(function* () {
      const { keys, stack } = stacks()
      const services = Layer.mergeAll(
        Layer.effect(Summaries, Claude.Claude).pipe(Layer.provide(stack("sk-same"))),
        Layer.effect(Capped, Claude.Claude).pipe(Layer.provide(stack("sk-same", { budget: { tokens: 1 } })))
      )
      const both = Effect.all([askBy(Summaries), Effect.flip(askBy(Capped))])
      const [answer, error] = yield* Effect.provide(both, services)
      assert.strictEqual(answer, "yes")
      assert.deepInclude(error.reason, { _tag: "OverBudget", unit: "tokens", limit: 1, left: 1 })
      assert.lengthOf(keys, 1)
    })
  )
})

import { Effect, Layer } from "effect"
import { Ask, Retry } from "fanfold"
import { fault, Offline } from "fanfold/mocks"

const claude = Retry.layer().pipe(Layer.provide(Offline.layerClaude), Layer.provideMerge(Offline.layer({ seed: 1 })))
const program = Effect.gen(function* () {
  const mock = yield* Offline.MockClaude
  mock.fault(fault.overloaded(), { times: 1 })
  const answer = yield* Ask.text("What grows in shade?")
  return { answer, attempts: mock.journal.attempts }
})
console.log(await Effect.runPromise(program.pipe(Effect.provide(claude))))

import { Effect, Layer } from "effect"
import { Ask, Claude, Pacing, Retry } from "fanfold"

const claude = Retry.layer({ attempts: 3 }).pipe(
  Layer.provide(Pacing.layer({ inFlight: 4 })),
  Layer.provide(Claude.layerConfig())
)
console.log(await Effect.runPromise(Ask.text("What grows in shade?").pipe(Effect.provide(claude))))

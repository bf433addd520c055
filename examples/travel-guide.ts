/**
 * The travel guide as an Effect program: best effort, a listener that tells what happens, and the gaps at the end.
 * Simulated answers without a key; with ANTHROPIC_API_KEY the real Claude: `node examples/travel-guide.ts`.
 */
import { NodeRuntime } from "@effect/platform-node"
import { Config, Console, Effect, Layer, Option, Redacted } from "effect"
import { Ask, Event, Findings, Research, Stack, Synthesis } from "fanfold"
import { examples, latency, mockClaude } from "fanfold/mocks"

const guide = Effect.gen(function* () {
  const findings = yield* Research.run(
    {
      attractions: Ask.text("Which attractions in Lisbon are worth a first visit, and why?"),
      transportation: Ask.text("How does a visitor get around Lisbon, and what does it cost?"),
      culture: Ask.text("Which customs, food and music should a visitor to Lisbon know?")
    },
    { policy: "best-effort" }
  )
  for (const gap of findings.gaps) yield* Console.error(`No answer: ${gap.name}: ${Findings.whyOf(gap)}`)
  yield* Console.log(yield* Synthesis.text("Write a travel guide to Lisbon for a first visit of three days.")(findings))
})

const listener: Event.Listener = {
  emit: (event) => (event._tag === "Answered" ? Console.error(`${event.ask}: ${event.durationMillis} ms`) : Effect.void)
}

/** The mock stands below the same client and stack, so that nothing but the answers is simulated. */
const offline = Stack.layer({
  apiKey: Redacted.make("offline"),
  fetch: mockClaude({ scenario: examples, latency: latency.byModel, timeScale: 1 / 10 }).fetch
})

const claude = Layer.unwrap(
  Effect.gen(function* () {
    const key = yield* Config.option(Config.Redacted("ANTHROPIC_API_KEY"))
    if (Option.isSome(key)) return Stack.layerConfig()
    yield* Console.error("offline: simulated answers")
    return offline
  })
)

guide.pipe(Effect.provideService(Event.Listener, listener), Effect.provide(claude), NodeRuntime.runMain)

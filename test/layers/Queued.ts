/** Runs and workers of fake processes over a journal in memory, in virtual time. */
import { Context, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { type Ask, Call, Claude, type Event, Journal, Queue, Research, Stack, Synthesis } from "fanfold"
import { make, questionOf, reply } from "../FakeClaude.ts"
import * as MemoryJournal from "../journal/MemoryJournal.ts"
import type { BegunRun } from "../../src/journal/Journal.ts"
import { RunRecorder } from "../../src/journal/RunRecorder.ts"
import { reusable } from "../../src/journal/Reuse.ts"
// The layer loads these when they are needed, which takes real time: loaded ahead, virtual time does not run away from it.
import "../../src/layers/queue/QueueClient.ts"
import "../../src/layers/queue/Worker.ts"

type Fake = ReturnType<typeof make>

let runs = 0

/** Runs a research over a journal that is opened for it. `places`: of its own process. */
export const client = Effect.fnUntraced(function* (
  data: MemoryJournal.Database,
  claude: Fake,
  asks: Readonly<Record<string, Ask.Ask<string>>>,
  { places = 0, ...options }: Stack.Options & { readonly places?: number } = {},
  instruction?: string,
  policy: "best-effort" | { readonly first: number } = "best-effort"
) {
  const journal = MemoryJournal.open(data)
  const begun = (yield* Effect.scoped(
    journal.begin({ id: `run${runs++}`, plan: "p", source: "fake", at: 0 }, { resume: true, isAlone: false })
  )) as BegunRun
  const run = new RunRecorder(journal, begun, reusable("unfinished", begun, 0))
  const layer = Stack.layerOver({ journal: {}, queue: { places }, ...options }).pipe(Layer.provide(claude.layer))
  return yield* Research.run(asks, { policy }).pipe(
    Effect.tap((findings) =>
      instruction === undefined
        ? Effect.void
        : Effect.asVoid(Effect.flatMap(Effect.succeed(findings), Synthesis.text(instruction)))
    ),
    Effect.provide(layer),
    Effect.provideService(Journal.Begun, run),
    Effect.updateService(Call.Current, (call) => ({ ...call, run: begun.id })),
    Effect.tap(() => journal.end(begun, 0))
  )
})

/** A worker of another process. */
export const worker = (data: MemoryJournal.Database, claude: Fake, places = 8) => {
  const journal = MemoryJournal.open(data)
  return Queue.work({
    journal,
    shared: journal.shared,
    source: "fake",
    places,
    senderOf: (id, delivery) =>
      Effect.map(
        Layer.build(
          Effect.runSync(Stack.layerDeliveryOver(delivery, { register: journal.shared.register, id })).pipe(
            Layer.provide(claude.layer)
          )
        ),
        (context) => Context.get(context, Claude.Claude).send
      )
  })
}

/** Lets virtual time pass in small steps, also for what is loaded in real time. */
export const elapse = <A, E, R>(effect: Effect.Effect<A, E, R>, step = "50 millis" as const) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    for (let n = 0; n < 4000 && fiber.pollUnsafe() === undefined; n++) {
      yield* TestClock.adjust(step)
      if (n < 50) yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 2)))
    }
    return yield* Fiber.join(fiber)
  })

/** Waits until something has come true, while virtual time passes. */
export const until = (isSo: () => boolean) =>
  elapse(Effect.whileLoop({ while: () => !isSo(), body: () => Effect.sleep(50), step: () => {} }))

export const slow = (millis: number) =>
  make(({ request }) => Effect.delay(Effect.succeed(reply(`slow ${questionOf(request)}`)), millis))

export const questions = ({ sent }: Fake) => sent.map(({ request }) => questionOf(request)).toSorted()

export const eventsOf = (all: ReadonlyArray<Event.Event>, ask: string) => all.filter((event) => event.ask === ask)

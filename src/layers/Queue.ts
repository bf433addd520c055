/** Lets other machines answer the asks of a run, where its journal is one that they share. */
import { Effect, Layer, Schema, Semaphore } from "effect"
import * as Call from "../claude/Call.ts"
import { Claude } from "../claude/Claude.ts"
import { mark, observe } from "../claude/ObservedSend.ts"
import type { JournalError } from "../journal/Journal.ts"
import * as PendingTurn from "../journal/PendingTurn.ts"
import type { Shared } from "../journal/Shared.ts"
import * as Issue from "../options/Issue.ts"
import { inCode, type InCode } from "../options/OptionSchemas.ts"
import type { QueueClient } from "./queue/QueueClient.ts"
import type { Work } from "./queue/Worker.ts"

export type { End, Work } from "./queue/Worker.ts"

const wholeNumber = { expected: "a whole number ≥ 0" }

/** `places`: the most asks that this process sends itself at once; 0 leaves all to workers. */
export const Options = Schema.Struct({
  places: Schema.optionalKey(
    Schema.Number.annotate(wholeNumber)
      .check(Schema.isInt(wholeNumber), Schema.isGreaterThanOrEqualTo(0, wholeNumber))
      .annotate({
        description:
          "Most asks that this process sends itself at once where its journal is in PostgreSQL, while workers answer the others; 0 for none (default 8)"
      })
  )
})
export interface Options extends InCode<typeof Options> {}

/** As many as a worker has. */
export const places = 8

const assertOptions = Issue.assert(inCode(Options), "queue")

/**
 * Provides a `Claude` that queues the asks of a run with a shared journal, for the first process that has a place for them: a
 * worker, or this one. Their events and replies come by the journal. Syntheses, and all requests over another journal, go on at
 * once. `delivery`: the options of the layers below, as `Worker` reads them.
 */
export const layer = (options: Options = {}, delivery: () => string): Layer.Layer<Claude, never, Claude> => {
  assertOptions(options)
  return Layer.effect(
    Claude,
    Effect.gen(function* () {
      const { send: inner } = yield* Claude
      const send = observe(inner)
      const scope = yield* Effect.scope
      let client: QueueClient | undefined
      const made = yield* Semaphore.make(1)
      const clientOf = (turn: PendingTurn.PendingTurn, shared: Shared): Effect.Effect<QueueClient, JournalError> =>
        Semaphore.withPermit(
          made,
          Effect.suspend(() => {
            if (client !== undefined) return Effect.succeed(client)
            const settings = { send, places: options.places ?? places, delivery: delivery(), scope }
            return Effect.flatMap(loadClient, ({ make }) =>
              Effect.map(make(settings, turn, shared), (made) => (client = made))
            )
          })
        )
      return Claude.of({
        send: mark((request) =>
          Effect.withFiber((fiber) => {
            const turn = fiber.getRef(PendingTurn.Current)
            const shared = turn?.journal.shared
            const { part } = fiber.getRef(Call.Current)
            if (turn === undefined || shared === undefined || part === "synthesis") return send(request)
            if (client !== undefined) return client.ask(request, turn, fiber)
            return Effect.matchEffect(clientOf(turn, shared), {
              // Without a database there is no queue: the ask goes on as on one machine.
              onFailure: () => send(request),
              onSuccess: (client) => client.ask(request, turn, fiber)
            })
          })
        )
      })
    })
  )
}

const loadClient = Effect.promise(() => import("./queue/QueueClient.ts"))

/** Answers asks of the queue until it is interrupted, and then ends what is under way, or gives it back. */
export const work = (options: Work): Effect.Effect<never, JournalError> =>
  Effect.flatMap(
    Effect.promise(() => import("./queue/Worker.ts")),
    ({ run }) => run(options)
  )

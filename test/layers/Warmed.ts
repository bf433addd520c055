/** What the tests of Warm share: a document that is cached, a Claude that begins its replies in time, and runs over both. */
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Ask, type AskError, type Message, Pacing, Research, Warm } from "fanfold"
import { attempt, make, questionOf, reply, type Sent } from "../FakeClaude.ts"

/** About 20,000 tokens. */
export const document = "A sentence of the document that all of them share.  ".repeat(1540)

const nothingYet = () => ({ model: undefined, usage: undefined, partialText: undefined })

/** How one reply comes: milliseconds until it begins and until it ends, and in what. */
export interface Course {
  readonly begins?: number
  readonly ends?: number
  readonly result?: AskError.AskError
}

/** Answers as `courseOf` says; 1,000 ms to the first byte and 3,000 ms in all where it says nothing. */
export const timely =
  (courseOf: (question: string, nth: number) => Course = () => ({})) =>
  (sent: Sent, nth: number): Effect.Effect<Message.Reply, AskError.AskError> => {
    const question = questionOf(sent.request)
    const { ends = 3000, begins = Math.min(1000, ends), result } = courseOf(question, nth)
    return Effect.gen(function* () {
      const current = yield* attempt
      yield* Effect.sleep(begins)
      if (result === undefined && sent.call.streamed === true) current.chunk(nothingYet)
      yield* Effect.sleep(ends - begins)
      return result === undefined ? reply(`re ${question}`) : yield* result
    })
  }

/** The stack without retries; `inFlight` is far beyond these tests. */
export const stackOver = (claude: ReturnType<typeof make>, options: Warm.Options = {}, inFlight = 10_000) =>
  Warm.layer(options).pipe(Layer.provide(Pacing.layer({ inFlight })), Layer.provide(claude.layer))

/** When each question left first, by its words, in milliseconds after the very first. */
export const timesOf = ({ sent }: ReturnType<typeof make>): Record<string, number> => {
  const times: Record<string, number> = {}
  for (const { at, request } of sent) times[questionOf(request)] ??= at - sent[0]!.at
  return times
}

/** Runs these asks together over one context while a quarter of an hour goes by. */
export const asking = Effect.fnUntraced(function* (
  claude: ReturnType<typeof make>,
  asks: Readonly<Record<string, Ask.Ask<unknown>>>,
  options: Warm.Options & { readonly context?: string; readonly inFlight?: number } = {}
) {
  const { context = document, inFlight, ...warm } = options
  const fiber = yield* Research.run(asks, { policy: "best-effort", context }).pipe(
    Effect.provide(stackOver(claude, warm, inFlight)),
    Effect.forkChild
  )
  yield* TestClock.adjust("15 minutes")
  return yield* Fiber.join(fiber)
})

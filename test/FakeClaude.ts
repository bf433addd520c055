/** A `Claude` made of a plain function, for tests above the waist: it keeps book of what was sent and what overlapped. */
import { Clock, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Ask, AskError, Attempt, Call, Claude, Event, Message } from "fanfold"

/** A complete reply with this text; every other field may be set. */
export const reply = (text: string, fields: Partial<Message.Reply> = {}): Message.Reply => ({
  id: "msg_1",
  model: "claude-haiku-5-5",
  content: text === "" ? [] : [{ type: "text", text }],
  stopReason: "end_turn",
  stopSequence: null,
  usage: { ...Message.noUsage, inputTokens: 10, outputTokens: 5 },
  headers: {},
  ...fields
})

/** The error of a call. */
export const failure = (
  reason: AskError.Reason,
  fields: Partial<ConstructorParameters<typeof AskError.AskError>[0]> = {}
): AskError.AskError => new AskError.AskError({ reason, ...fields })

export const overloaded = (): AskError.AskError => failure(new AskError.Overloaded({ detail: "busy" }))
export const invalid = (): AskError.AskError => failure(new AskError.InvalidRequest({ detail: "wrong" }))

/** One request as it reached the fake, and the call and moment it came with. */
export interface Sent {
  readonly request: Message.Request
  readonly call: Call.Call
  readonly at: number
}

/** The last thing the user says in a request: for an ask, its question. */
export const questionOf = ({ messages }: Message.Request): string => {
  const content = messages.at(-1)?.content
  return typeof content === "string" ? content : ""
}

/** A Claude that answers with `answer`, the book of what it was sent, and the most calls it held at once. */
export const make = (
  answer: (sent: Sent, nth: number) => Effect.Effect<Message.Reply, AskError.AskError> = ({ request }) =>
    Effect.succeed(reply(`answer to ${questionOf(request)}`))
) => {
  const sent: Array<Sent> = []
  const book = { sent, inFlight: 0, peak: 0, interrupted: 0 }
  const send = Effect.fnUntraced(function* (request: Message.Request) {
    const one = { request, call: yield* Call.Current, at: yield* Clock.currentTimeMillis }
    sent.push(one)
    book.inFlight++
    book.peak = Math.max(book.peak, book.inFlight)
    return yield* answer(one, sent.length).pipe(
      Effect.onInterrupt(() => Effect.sync(() => void book.interrupted++)),
      Effect.ensuring(Effect.sync(() => void book.inFlight--))
    )
  })
  return Object.assign(book, { layer: Layer.succeed(Claude.Claude, Claude.Claude.of({ send })) })
}

/** The attempt that a fake is asked to make, to report what of a stream has arrived. */
export const attempt: Effect.Effect<Attempt.Attempt> = Effect.map(Attempt.current, (current) => current!)

/** Gives the next of these results on each call, the last one for ever. */
export const script =
  (...results: ReadonlyArray<Message.Reply | AskError.AskError>) =>
  (_sent: Sent, nth: number): Effect.Effect<Message.Reply, AskError.AskError> => {
    const result = results[Math.min(nth, results.length) - 1]!
    return result instanceof AskError.AskError ? Effect.fail(result) : Effect.succeed(result)
  }

/** A listener that keeps every event. */
export const recorder = () => {
  const events: Array<Event.Event> = []
  const listener: Event.Listener = { emit: (event) => Effect.sync(() => void events.push(event)) }
  const tagsOf = (ask: string) => events.filter((event) => event.ask === ask).map(({ _tag }) => _tag)
  return { events, tagsOf, listen: Effect.provideService(Event.Listener, listener) }
}

/** An event that a layer emits, not one of the attempts below it. */
export const isNotOfAttempt = ({ _tag }: Event.Event): boolean =>
  !["Dispatched", "Replied", "AttemptFailed"].includes(_tag)

/** A request that asks `question` and sets nothing. */
export const request = (question = "why?", fields: Partial<Message.Request> = {}): Message.Request => ({
  model: "claude-haiku-5-5",
  messages: [{ role: "user", content: question }],
  maxTokens: 100,
  ...fields
})

/** Sends straight through the waist. */
export const send = (one: Message.Request = request()) => Effect.flatMap(Claude.Claude, (claude) => claude.send(one))

/** Answers each question after its time, or fails then. */
export const timed =
  (times: Readonly<Record<string, number>>, failing: ReadonlyArray<string> = []) =>
  ({ request }: Sent) => {
    const name = questionOf(request)
    const result = failing.includes(name) ? Effect.fail(overloaded()) : Effect.succeed(reply(`re ${name}`))
    return Effect.delay(result, times[name] ?? 0)
  }

/** Asks that are called by their question. */
export const asksOf = <Name extends string>(...names: ReadonlyArray<Name>) =>
  Object.fromEntries(names.map((name) => [name, Ask.text(name)])) as Record<Name, Ask.Ask<string>>

/** Runs an effect while virtual time passes, far beyond anything in these tests. */
export const pass = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust("1 hour")
    return yield* Fiber.join(fiber)
  })

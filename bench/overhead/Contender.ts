/** Ways to ask many questions at once, each over the same fake Claude without network and latency. */
import { Effect, Layer } from "effect"
import { Ask, Claude, Message, Research, Stack } from "fanfold"
import pLimit from "p-limit"
import pMap from "p-map"

/**
 * When the fake answers: `at once`, synchronously; `later`, in a macrotask of its own like data from a socket, so that as many
 * asks as allowed are in flight; `held`, when `release` is called.
 */
export type Answering = "at once" | "later" | "held"

export interface Contender {
  readonly name: string
  readonly isLimitable: boolean
  /** Returns a function that asks all questions once. `concurrency` is `Infinity` for unbounded. */
  readonly prepare: (
    questions: ReadonlyArray<string>,
    answering: Answering,
    concurrency: number
  ) => () => Promise<unknown>
}

const reply: Message.Reply = {
  id: "msg_1",
  model: Claude.askModel,
  content: [{ type: "text", text: "An answer" }],
  stopReason: "end_turn",
  stopSequence: null,
  usage: { ...Message.noUsage, inputTokens: 10, outputTokens: 5 },
  // Limits as the API sends them, too high to delay any run.
  headers: {
    "anthropic-ratelimit-requests-limit": "1000000000",
    "anthropic-ratelimit-requests-remaining": "1000000000"
  }
}

const held: Array<() => void> = []

/** Answers held calls, and calls that follow from that, until the run has ended; returns the number of answers. */
export const release = async (run: Promise<unknown>): Promise<number> => {
  const state = { hasEnded: false }
  const end = run.then(() => (state.hasEnded = true))
  let answers = 0
  while (!state.hasEnded) {
    const waiting = held.splice(0)
    answers += waiting.length
    for (const answer of waiting) answer()
    await new Promise((resolve) => setImmediate(resolve))
  }
  await end
  return answers
}

const promised: Readonly<Record<Answering, (question: string) => Promise<Message.Reply>>> = {
  "at once": async () => reply,
  later: () => new Promise((resolve) => setImmediate(resolve, reply)),
  held: () => new Promise((resolve) => held.push(() => resolve(reply)))
}

const answer = Effect.succeed(reply)
const effectful: Readonly<Record<Answering, Effect.Effect<Message.Reply>>> = {
  "at once": answer,
  later: Effect.callback((resume) => void setImmediate(resume, answer)),
  held: Effect.callback((resume) => void held.push(() => resume(answer)))
}

const bounded = (concurrency: number) => (concurrency === Number.POSITIVE_INFINITY ? "unbounded" : concurrency)

const forEach = (name: string, ask: (send: Effect.Effect<Message.Reply>) => Effect.Effect<unknown>): Contender => ({
  name,
  isLimitable: true,
  prepare: (questions, answering, concurrency) => {
    const program = Effect.forEach(questions, () => ask(effectful[answering]), { concurrency: bounded(concurrency) })
    return () => Effect.runPromise(program)
  }
})

/** The run includes creating the asks, as every user of fanfold pays for that too. */
const fanfold = (
  name: string,
  stack: (askCount: number) => Layer.Layer<Claude.Claude, never, Claude.Claude>
): Contender => ({
  name,
  isLimitable: true,
  prepare: (questions, answering, concurrency) => {
    const fake = Layer.succeed(Claude.Claude, Claude.Claude.of({ send: () => effectful[answering] }))
    const layer = stack(questions.length).pipe(Layer.provide(fake))
    const claude = Effect.runSync(Effect.scoped(Layer.build(layer)))
    const options = { concurrency: bounded(concurrency) } as const
    return () => {
      const asks = questions.map((question) => Ask.text(question))
      return Effect.runPromise(Effect.provide(Research.run(asks, options), claude))
    }
  }
})

export const contenders: ReadonlyArray<Contender> = [
  {
    name: "Promise.all",
    isLimitable: false,
    prepare: (questions, answering) => () => Promise.all(questions.map(promised[answering]))
  },
  {
    name: "p-limit",
    isLimitable: true,
    prepare: (questions, answering, concurrency) => () => {
      const limit = pLimit(concurrency)
      return Promise.all(questions.map((question) => limit(promised[answering], question)))
    }
  },
  {
    name: "p-map",
    isLimitable: true,
    prepare: (questions, answering, concurrency) => () => pMap(questions, promised[answering], { concurrency })
  },
  forEach("Effect.forEach", (send) => send),
  forEach("Effect.forEach, a span each", Effect.withSpan("ask")),
  fanfold("fanfold: Ask + Research", () => Layer.effect(Claude.Claude, Claude.Claude)),
  fanfold("fanfold: whole default stack", () => Stack.layerOver()),
  fanfold("fanfold: stack, all in flight", (askCount) => Stack.layerOver({ pacing: { inFlight: askCount } }))
]

/** The ways to ask many questions at once, each over the same Claude that is no network and takes no time. */
import { Effect, Layer } from "effect"
import { Ask, Claude, Message, Research, Stack } from "fanfold"
import pLimit from "p-limit"
import pMap from "p-map"

/**
 * How the fake answers: `at once`, so that nothing ever waits; `later`, in a macrotask of its own as whatever comes from
 * a socket does, so that all that may be in flight is; `held`, when it is told to.
 */
export type Answering = "at once" | "later" | "held"

export interface Contender {
  readonly name: string
  readonly isLimitable: boolean
  /** Gives what asks all questions once. `concurrency` is `Infinity` for unbounded. */
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
  // As the API tells a limit that binds nobody.
  headers: {
    "anthropic-ratelimit-requests-limit": "1000000000",
    "anthropic-ratelimit-requests-remaining": "1000000000"
  }
}

const held: Array<() => void> = []

/** Answers what is held, and what is asked because of that, until the run is over; gives how many answers that took. */
export const release = async (run: Promise<unknown>): Promise<number> => {
  const progress = { isOver: false }
  const over = run.then(() => (progress.isOver = true))
  let answers = 0
  while (!progress.isOver) {
    const asked = held.splice(0)
    answers += asked.length
    for (const answer of asked) answer()
    await new Promise((resolve) => setImmediate(resolve))
  }
  await over
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

/** The asks are made within the run, as that too is a cost of every ask. */
const fanfold = (
  name: string,
  stack: (all: number) => Layer.Layer<Claude.Claude, never, Claude.Claude>
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
  fanfold("fanfold: stack, all in flight", (all) => Stack.layerOver({ pacing: { inFlight: all } }))
]

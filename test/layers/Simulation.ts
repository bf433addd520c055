/** The whole stack against the mock's own limits, in virtual time: what a run takes, and how often it is refused. */
import { assert } from "@effect/vitest"
import { Clock, Effect, Fiber, Layer, Random } from "effect"
import { TestClock } from "effect/testing"
import { Ask, AskError, Research, Stack } from "fanfold"
import * as Limits from "../../mocks/endpoints/Limits.ts"
import { attempt, failure, make, overloaded, questionOf, reply, type Sent } from "../FakeClaude.ts"

/** How soon the API refuses, and how long it takes to answer. */
const refusalMillis = 30
export const latencyMillis = 300

export interface Server {
  /** The limits at a time of the run. */
  readonly limits?: (at: number) => Limits.Limits
  /** What the headers tell: the bucket as it is, nothing, or a whole minute's bucket where a smaller one is enforced. */
  readonly headers?: "true" | "none" | "of the minute"
  /** From the request to its reply; 300 unless given. */
  readonly replyMillis?: number
  readonly inputTokens?: (question: string) => number
  readonly outputTokens?: (question: string) => number
  /** How much longer than others a request may take to arrive. */
  readonly jitterMillis?: number
  /** Whether the nth request, at that time, meets an overload. */
  readonly isOverloaded?: (at: number, nth: number) => boolean
}

/** A Claude with the mock's limits, and the book of what it refused. */
const serve = (server: Server, startedAt: number) => {
  const { headers = "true", inputTokens = () => 10, isOverloaded = () => false, outputTokens = () => 5 } = server
  const { jitterMillis = 0, replyMillis = latencyMillis } = server
  const gates = new Map<string, { readonly enforced: Limits.RateLimiter; readonly told: Limits.RateLimiter }>()
  const gateAt = (at: number) => {
    const limits = server.limits?.(at)
    const key = JSON.stringify(limits ?? {})
    const known = gates.get(key)
    if (known !== undefined) return known
    const enforced = Limits.make(limits)
    const made = { enforced, told: headers === "true" ? enforced : Limits.make({ ...limits, burstSeconds: 60 }) }
    gates.set(key, made)
    return made
  }
  const book = { refused: 0, overloaded: 0 }
  const arrive = ({ call, request }: Sent, at: number, nth: number) => {
    if (isOverloaded(at - startedAt, nth)) {
      book.overloaded++
      return Effect.delay(Effect.fail(overloaded()), refusalMillis)
    }
    const { enforced, told } = gateAt(at - startedAt)
    const [input, output] = [inputTokens(questionOf(request)), outputTokens(questionOf(request))]
    const refused = enforced.admit(request.model, input, at)
    if (refused !== undefined) {
      book.refused++
      const { message, retryAfterSeconds = 1 } = refused.error
      const reason = new AskError.RateLimited({ detail: message, retryAfterMillis: retryAfterSeconds * 1000 })
      const shown = headers === "true" ? refused.headers : told.recordOutput(request.model, 0, at)
      return Effect.delay(Effect.fail(failure(reason, { headers: headers === "none" ? {} : shown })), refusalMillis)
    }
    if (told !== enforced) told.admit(request.model, input, at)
    const shown = told.recordOutput(request.model, output, at)
    if (told !== enforced) enforced.recordOutput(request.model, output, at)
    const usage = { ...reply("").usage, inputTokens: input, outputTokens: output }
    const headersShown = headers === "none" ? {} : shown
    const answered = Effect.succeed(reply("yes", { usage, headers: headersShown }))
    // The headers of a stream come as soon as it begins.
    return call.streamed === true
      ? Effect.gen(function* () {
          const current = yield* attempt
          yield* Effect.sleep(replyMillis / 2)
          current.headers(headersShown)
          return yield* Effect.delay(answered, replyMillis / 2)
        })
      : Effect.delay(answered, replyMillis)
  }
  const claude = make((sent, nth) =>
    Effect.flatMap(Random.next, (random) => {
      const onTheWay = Math.round(random * jitterMillis)
      const arriving = Effect.suspend(() => arrive(sent, sent.at + onTheWay, nth))
      return onTheWay === 0 ? arriving : Effect.delay(arriving, onTheWay)
    })
  )
  return Object.assign(claude, { book })
}

/** Runs asks to the end of the run, and gives its time, its refusals and when its requests left. */
export const run = Effect.fnUntraced(function* (
  server: Server,
  questions: ReadonlyArray<string>,
  options: Stack.Options = {},
  seed = "pacing"
) {
  const startedAt = yield* Clock.currentTimeMillis
  const claude = serve(server, startedAt)
  const fiber = yield* Research.run(questions.map((question) => Ask.text(question))).pipe(
    Effect.andThen(({ answers }) => Effect.map(Clock.currentTimeMillis, (now) => ({ answers, now }))),
    Effect.provide(Stack.layerOver(options).pipe(Layer.provide(claude.layer))),
    Random.withSeed(seed),
    Effect.forkChild
  )
  // In steps, as a fiber of the run may only get its turn between two of them.
  while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust(50)
  const { answers, now } = yield* Fiber.join(fiber)
  assert.strictEqual(answers.filter((answer) => answer === "yes").length, questions.length)
  const times = claude.sent.map(({ at }) => at - startedAt)
  const leftIn = (from: number, to: number) => times.filter((at) => at >= from && at < to).length
  return { ...claude.book, wallMillis: now - startedAt, sent: times.length, times, leftIn }
})

export const many = (n: number) => Array.from({ length: n }, (_, index) => `question ${index}`)

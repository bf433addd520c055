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
  /**
   * What the headers report: the bucket scaled to a minute's limit, nothing, a minute's bucket where a smaller one is enforced,
   * or the bucket as it is, with the limit that it holds and a reset to the millisecond or the second.
   */
  readonly headers?: "true" | "none" | "of the minute" | "of the bucket" | "of the bucket, to the second"
  /** Changes the headers of each response. */
  readonly rewrite?: (headers: Readonly<Record<string, string>>, at: number) => Readonly<Record<string, string>>
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
    const isOfTheMinute = headers === "of the minute" || headers === "none"
    const made = { enforced, told: isOfTheMinute ? Limits.make({ ...limits, burstSeconds: 60 }) : enforced }
    gates.set(key, made)
    return made
  }
  const book = { refused: 0, overloaded: 0, refusedAt: new Array<number>() }
  const shownOf = (list: Readonly<Record<string, string>>, at: number): Readonly<Record<string, string>> => {
    const limits = server.limits?.(at - startedAt)
    const isOfTheBucket = headers === "of the bucket" || headers === "of the bucket, to the second"
    const shown = headers === "none" ? {} : isOfTheBucket ? ofTheBucket(list, limits!, at, headers) : list
    return server.rewrite?.(shown, at) ?? shown
  }
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
      book.refusedAt.push(at - startedAt)
      const { message, retryAfterSeconds = 1 } = refused.error
      const reason = new AskError.RateLimited({ detail: message, retryAfterMillis: retryAfterSeconds * 1000 })
      const shown = told === enforced ? refused.headers : told.recordOutput(request.model, 0, at)
      return Effect.delay(Effect.fail(failure(reason, { headers: shownOf(shown, at) })), refusalMillis)
    }
    if (told !== enforced) told.admit(request.model, input, at)
    const shown = told.recordOutput(request.model, output, at)
    if (told !== enforced) enforced.recordOutput(request.model, output, at)
    const usage = { ...reply("").usage, inputTokens: input, outputTokens: output }
    const headersShown = shownOf(shown, at)
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

/** The headers of the limit of requests, as what the bucket holds and what is left of it, from those scaled to a minute. */
const ofTheBucket = (
  list: Readonly<Record<string, string>>,
  { burstSeconds = 60, rpm = 0 }: Limits.Limits,
  at: number,
  headers: Server["headers"]
) => {
  const capacity = (rpm * burstSeconds) / 60
  const level = (Number(list["anthropic-ratelimit-requests-remaining"]) / rpm) * capacity
  const reset = new Date(at + ((capacity - level) * 60_000) / rpm).toISOString()
  return {
    "anthropic-ratelimit-requests-limit": String(capacity),
    "anthropic-ratelimit-requests-remaining": String(Math.floor(level + 1e-6)),
    "anthropic-ratelimit-requests-reset": headers === "of the bucket" ? reset : reset.replace(/\.\d{3}Z$/, "Z")
  }
}

/** Runs asks to the end of the run, and gives its time, its refusals and when its requests left. */
export const run = Effect.fnUntraced(function* (
  server: Server,
  questions: ReadonlyArray<string>,
  options: Stack.Options = {},
  seed = "pacing"
) {
  const { wallsMillis, ...others } = yield* runTogether(server, [questions], options, seed)
  return { ...others, wallMillis: wallsMillis[0]! }
})

/** How a process runs its asks: how many at once, and what it shares with the others. */
export interface Process {
  readonly concurrency?: number
  readonly shared?: Layer.Layer<never>
}

/** Runs asks of several processes on one account, each with a stack of its own, that start one after the other. */
export const runTogether = Effect.fnUntraced(function* (
  server: Server,
  processes: ReadonlyArray<ReadonlyArray<string>>,
  options: Stack.Options = {},
  seed = "pacing",
  offsetMillis = 0,
  processOf: (index: number) => Process = () => ({})
) {
  const startedAt = yield* Clock.currentTimeMillis
  const claude = serve(server, startedAt)
  const fibers = yield* Effect.forEach(processes, (questions, index) => {
    const { concurrency, shared = Layer.empty } = processOf(index)
    return Research.run(
      questions.map((question) => Ask.text(question)),
      concurrency === undefined ? {} : { concurrency }
    ).pipe(
      Effect.andThen(({ answers }) => Effect.map(Clock.currentTimeMillis, (now) => ({ answers, now }))),
      Effect.provide(Stack.layerOver(options).pipe(Layer.provide([claude.layer, shared]))),
      Effect.delay(index * offsetMillis),
      Random.withSeed(index === 0 ? seed : `${seed} ${index}`),
      Effect.forkChild
    )
  })
  // In steps, as a fiber of the run may only get its turn between two of them.
  while (fibers.some((fiber) => fiber.pollUnsafe() === undefined)) yield* TestClock.adjust(50)
  const ended = yield* Effect.forEach(fibers, (fiber) => Fiber.join(fiber))
  for (const [index, { answers }] of ended.entries()) {
    assert.strictEqual(answers.filter((answer) => answer === "yes").length, processes[index]!.length)
  }
  const times = claude.sent.map(({ at }) => at - startedAt)
  const leftIn = (from: number, to: number) => times.filter((at) => at >= from && at < to).length
  const wallsMillis = ended.map(({ now }, index) => now - startedAt - index * offsetMillis)
  return { ...claude.book, wallsMillis, sent: times.length, times, leftIn }
})

export const many = (n: number) => Array.from({ length: n }, (_, index) => `question ${index}`)

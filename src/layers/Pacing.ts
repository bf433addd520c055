/** One gate for all that goes out: keeps calls within the account's limits, and holds a model class back after a 429. */
import { Clock, Effect, Fiber, Layer, Random, type Result, Schema } from "effect"
import type { AskError } from "../claude/AskError.ts"
import * as Call from "../claude/Call.ts"
import { Claude, isStreamed } from "../claude/Claude.ts"
import * as Event from "../claude/Event.ts"
import { Dispatcher } from "./pacing/Dispatcher.ts"
import * as Issue from "../options/Issue.ts"
import { ClassLimiter, type Limits as AccountLimits, Ticket } from "./pacing/ClassLimiter.ts"
import { PositiveInt } from "../options/OptionSchemas.ts"
import { LearnedLimits, type Remembered, trustIn } from "./pacing/LearnedLimits.ts"
import type { Reply, Request } from "../claude/Message.ts"
import { modelClassOf } from "./pacing/ModelClass.ts"
import * as RateLimitHeaders from "../claude/RateLimitHeaders.ts"
import { cautious } from "./pacing/RateProbe.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>

const count = (description: string) => Schema.optionalKey(PositiveInt.annotate({ description }))

const Limits = Schema.Struct({
  rpm: count("Requests a minute that the account allows a class of models (default: as the replies' headers tell)"),
  itpm: count("Input tokens a minute, those read from the cache not counted (default: as the headers tell)"),
  otpm: count("Output tokens a minute (default: as the headers tell)")
})

/**
 * `inFlight`: the most calls on their way at once. `limits`: what the account allows each class of models, a minute.
 * `remember`: whether runs begin with what earlier ones learned of the account, in so far as nothing is told.
 */
export const Options = Schema.Struct({
  inFlight: count("Most calls on their way at once (default: 8, then what the account allows)"),
  limits: Schema.optionalKey(Limits),
  remember: Schema.optionalKey(
    Schema.Boolean.annotate({
      expected: "true or false",
      description: "Begin with the limits that earlier runs found, kept in the user's state folder (default: yes)"
    })
  )
})
export interface Options {
  readonly inFlight?: number | undefined
  readonly limits?: AccountLimits | undefined
  readonly remember?: boolean | undefined
}

const assertInFlight = Issue.assert(PositiveInt, "inFlight")
const assertLimits = Issue.assert(Limits, "limits")
const assertRemember = Issue.assert(Options.fields.remember.schema, "remember")

/** Provides a `Claude` whose calls wait for their turn. Tells `Dispatched`, `Replied` and `AttemptFailed`. */
export const layer = (options: Options = {}): Layer.Layer<Claude, never, Claude> =>
  Layer.effect(
    Claude,
    Effect.gen(function* () {
      if (options.inFlight !== undefined) assertInFlight(options.inFlight)
      if (options.limits !== undefined) assertLimits(options.limits)
      if (options.remember !== undefined) assertRemember(options.remember)
      const { inFlight, limits = {}, remember = true } = options
      const memory = remember ? yield* LearnedLimits : undefined
      const { send } = yield* Claude
      const gate = new Dispatcher(inFlight ?? Number.POSITIVE_INFINITY)
      const limiters = new Map<string, ClassLimiter>()
      const openings = new Map<string, Fiber.Fiber<ClassLimiter>>()
      const isTold = inFlight !== undefined || Object.values(limits).some((limit) => limit !== undefined)
      let tickets = 0

      let hasComplained = false

      /** Wrong headers come with every reply, and are told of once. */
      const complain = (nonsense: ReadonlyArray<string>): Effect.Effect<void> => {
        if (nonsense.length === 0 || hasComplained) return Effect.void
        hasComplained = true
        return Effect.logDebug(`Rate-limit headers that make no sense are not heeded: ${nonsense.join("; ")}`)
      }

      const open = (modelClass: string, now: number, remembered?: Remembered): ClassLimiter => {
        const trust = remembered === undefined ? 0 : trustIn(remembered, now)
        const known = trust > 0 ? remembered : undefined
        const limiter = new ClassLimiter(!isTold, limits, now, known, trust)
        limiters.set(modelClass, limiter)
        gate.add(limiter)
        return limiter
      }

      /** Of a class that is met for the first time; what is remembered of it is read once, whoever is interrupted meanwhile. */
      const opened = (modelClass: string, fiber: AnyFiber): Effect.Effect<ClassLimiter> => {
        if (memory === undefined) return Effect.succeed(open(modelClass, millis(fiber)))
        const opening =
          openings.get(modelClass) ??
          Effect.runForkWith(fiber.context)(
            Effect.flatMap(memory.recall(modelClass), (remembered) =>
              Effect.map(Clock.currentTimeMillis, (now) => open(modelClass, now, remembered))
            )
          )
        openings.set(modelClass, opening)
        return Fiber.join(opening)
      }

      /** Hands on to later runs what this one has learned, while the call that told it goes on. */
      const keep = ({ limiter, request }: Ticket, now: number, fiber: AnyFiber): void => {
        const learned = memory === undefined ? undefined : limiter.news(now)
        if (memory === undefined || learned === undefined) return
        const remembered = { version: 1, learnedAt: now, ...learned } as const
        Effect.runForkWith(fiber.context)(memory.keep(modelClassOf(request.model), remembered))
      }

      /** Learns of the limits from the end of an attempt. */
      const learn = (ticket: Ticket, result: Result.Result<Reply, AskError>, now: number): Effect.Effect<void> => {
        const { limiter } = ticket
        const { headers = {}, usage } = result._tag === "Success" ? result.success : result.failure
        if (usage !== undefined) limiter.settle(ticket, usage, now)
        const said = RateLimitHeaders.read(headers, now)
        const complained = complain(said.nonsense)
        if (result._tag === "Success") {
          limiter.learn(ticket, said, now)
          return complained
        }
        const error = result.failure
        if (!isRefusal(error)) return complained
        return Effect.andThen(
          complained,
          Effect.map(Random.next, (random) => limiter.refuse(ticket, error, said, now, random))
        )
      }

      /** The headers of a stream are heard long before its end. */
      const sendStreamed = (ticket: Ticket, fiber: AnyFiber) =>
        Effect.provideService(send(ticket.request), RateLimitHeaders.Arrived, (headers) => {
          const now = millis(fiber)
          ticket.limiter.learn(ticket, RateLimitHeaders.read(headers, now), now)
          gate.admit(fiber)
        })

      /** While others wait for a first word of the limits, a reply is streamed, as its headers come before its end. */
      const sendScout = (ticket: Ticket, call: Call.Call, fiber: AnyFiber) =>
        Effect.provideService(sendStreamed(ticket, fiber), Call.Current, { ...call, streamed: true })

      const attemptOf = (ticket: Ticket, call: Call.Call, fiber: AnyFiber): Effect.Effect<Ended> => {
        const { request } = ticket
        const dispatched = {
          _tag: "Dispatched",
          attempt: call.attempt,
          model: request.model,
          ...hedgeOf(call)
        } as const
        return Effect.flatMap(Event.emit(dispatched), () => {
          const leftAt = millis(fiber)
          const isScout = call.asks > cautious && ticket.limiter.isUnknown
          const streamed = isStreamed(request, call, fiber.getRef(Event.Listener))
          const sent = streamed ? sendStreamed(ticket, fiber) : isScout ? sendScout(ticket, call, fiber) : send(request)
          return Effect.flatMap(Effect.result(sent), (result) => {
            const now = millis(fiber)
            const ended = { result, durationMillis: now - leftAt }
            return Effect.map(learn(ticket, result, now), () => {
              keep(ticket, now, fiber)
              return ended
            })
          })
        })
      }

      const enter = (limiter: ClassLimiter, request: Request, fiber: AnyFiber) => {
        const call = fiber.getRef(Call.Current)
        const ticket = new Ticket(limiter, request, call, tickets++)
        const held = gate.hold(ticket, attemptOf(ticket, call, fiber), fiber)
        return Effect.flatMap(held, (ended) => tell(ended, request, call))
      }

      return Claude.of({
        send: (request) =>
          Effect.withFiber((fiber) => {
            const modelClass = modelClassOf(request.model)
            const limiter = limiters.get(modelClass)
            return limiter === undefined
              ? Effect.flatMap(opened(modelClass, fiber), (limiter) => enter(limiter, request, fiber))
              : enter(limiter, request, fiber)
          })
      })
    })
  )

/** How an attempt ended, from its dispatch on. */
interface Ended {
  readonly result: Result.Result<Reply, AskError>
  readonly durationMillis: number
}

const hedgeOf = ({ hedge }: Call.Call) => (hedge === true ? { hedge } : {})

const tell = ({ durationMillis, result }: Ended, request: Request, call: Call.Call) => {
  const { attempt } = call
  const isHedge = hedgeOf(call)
  if (result._tag === "Success") {
    const { model, requestId, stopReason, usage } = result.success
    const id = requestId === undefined ? {} : { requestId }
    const replied = Event.emit({
      _tag: "Replied",
      attempt,
      model,
      stopReason,
      usage,
      ...id,
      durationMillis,
      ...isHedge
    })
    return Effect.as(replied, result.success)
  }
  const error = result.failure
  const paid = error.usage === undefined ? {} : { usage: error.usage, model: error.model ?? request.model }
  const { message, reason } = error
  const failed = Event.emit({
    _tag: "AttemptFailed",
    attempt,
    reason: reason._tag,
    message,
    ...paid,
    durationMillis,
    ...isHedge
  })
  return Effect.andThen(failed, Effect.fail(error))
}

/** A response that lets nobody in for now: 429 and 529. */
const isRefusal = ({ reason }: AskError): boolean => reason._tag === "RateLimited" || reason._tag === "Overloaded"

const millis = (fiber: AnyFiber): number => fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()

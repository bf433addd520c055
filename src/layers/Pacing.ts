/** Keeps calls within the account's limits, which it learns from replies, and holds a model class back after a 429 or 529. */
import { Clock, Context, Effect, Fiber, type Layer, Schema } from "effect"
import * as Attempt from "../claude/Attempt.ts"
import * as Call from "../claude/Call.ts"
import { type Claude, layerAround } from "../claude/Claude.ts"
import type { Request } from "../claude/Message.ts"
import * as Issue from "../options/Issue.ts"
import { inCode, type InCode, PositiveInt } from "../options/OptionSchemas.ts"
import { type AnyFiber, nowMillis } from "../scheduling/FiberClock.ts"
import type { Shared as SharedName } from "../scheduling/SharedRegister.ts"
import { ClassLimiter } from "./pacing/ClassLimiter.ts"
import { Dispatcher } from "./pacing/Dispatcher.ts"
import { LearnedLimits, type Remembered, trustIn } from "./pacing/LearnedLimits.ts"
import { modelClassOf } from "./pacing/ModelClass.ts"
import { PacedCall, type Shared } from "./pacing/PacedCall.ts"
import { smallRun } from "./pacing/RateProbe.ts"
import { SharedClass } from "./pacing/SharedClass.ts"
import { Ticket } from "./pacing/Ticket.ts"

const count = (description: string) => Schema.optionalKey(PositiveInt.annotate({ description }))

const Limits = Schema.Struct({
  rpm: count("Requests a minute that the account allows a class of models (default: as the replies' headers tell)"),
  itpm: count("Input tokens a minute, those read from the cache not counted (default: as the headers tell)"),
  otpm: count("Output tokens a minute (default: as the headers tell)")
})

/**
 * `inFlight`: the most calls on their way at once. `limits`: what the account allows each class of models, a minute.
 * `remember`: whether runs begin with what earlier ones learned of the account, as far as nothing is configured.
 */
export const Options = Schema.Struct({
  inFlight: count("Most calls on their way at once (default: up to 10 at first, then what the account allows)"),
  limits: Schema.optionalKey(Limits),
  remember: Schema.optionalKey(
    Schema.Boolean.annotate({
      expected: "true or false",
      description: "Begin with the limits that earlier runs found, kept in the user's state folder (default: yes)"
    })
  )
})
export interface Options extends InCode<typeof Options> {}

const assertOptions = Issue.assert(inCode(Options), "pacing")

/**
 * Where the processes that use one account divide its limits; none by default, but in a `Stack` over the API whose journal is in a
 * database. The name stands for the account.
 */
export const SharedLimits = Context.Reference<SharedName | undefined>("fanfold/layers/Pacing/SharedLimits", {
  defaultValue: () => undefined
})

/** Provides a `Claude` whose calls wait for their turn. Calls that share the layer share the limits. */
export const layer = (options: Options = {}): Layer.Layer<Claude, never, Claude> => {
  assertOptions(options)
  return layerAround((send) =>
    Effect.gen(function* () {
      return pace(send, options, yield* LearnedLimits, yield* SharedLimits)
    })
  )
}

const pace = (
  send: Attempt.Send,
  options: Options,
  learnedLimits: LearnedLimits | undefined,
  sharedLimits: SharedName | undefined
): Attempt.Send => {
  const { inFlight, limits = {}, remember = true } = options
  const storage = remember ? learnedLimits : undefined
  const dispatcher = new Dispatcher(inFlight ?? Number.POSITIVE_INFINITY)
  const limiters = new Map<string, ClassLimiter>()
  const loading = new Map<string, Fiber.Fiber<ClassLimiter>>()
  const sharedClasses = new Map<string, SharedClass>()
  const isConfigured = inFlight !== undefined || Object.values(limits).some((limit) => limit !== undefined)

  const add = (modelClass: string, asks: number, now: number, remembered?: Remembered): ClassLimiter => {
    const trust = remembered === undefined ? 0 : trustIn(remembered, now)
    const limiter = new ClassLimiter(!isConfigured, limits, now, asks, trust > 0 ? remembered : undefined, trust)
    limiters.set(modelClass, limiter)
    dispatcher.add(limiter)
    return limiter
  }

  /** What is known of a class: what other processes have learned, or else what is stored. */
  const recall = Effect.fnUntraced(function* (modelClass: string) {
    if (sharedLimits !== undefined) {
      const sharedClass = new SharedClass(sharedLimits, modelClass, dispatcher)
      sharedClasses.set(modelClass, sharedClass)
      const learned = yield* sharedClass.join
      if (learned !== undefined) return { version: 1, learnedAt: yield* Clock.currentTimeMillis, ...learned } as const
    }
    return yield* storage?.recall(modelClass) ?? Effect.succeed(undefined)
  })

  /** Creates the limiter of a new model class; its stored limits are loaded once, also if the first caller is interrupted. */
  const load = (modelClass: string, fiber: AnyFiber): Effect.Effect<ClassLimiter> => {
    const { asks } = fiber.getRef(Call.Current)
    if (storage === undefined && sharedLimits === undefined)
      return Effect.succeed(add(modelClass, asks, nowMillis(fiber)))
    const underWay =
      loading.get(modelClass) ??
      Effect.runForkWith(fiber.context)(
        Effect.flatMap(recall(modelClass), (remembered) =>
          Effect.map(Clock.currentTimeMillis, (now) => add(modelClass, asks, now, remembered))
        )
      )
    loading.set(modelClass, underWay)
    return Fiber.join(underWay)
  }

  /** Stores what was learned in the background: the call does not wait for the disk. */
  const store = (limiter: ClassLimiter, modelClass: string, now: number, fiber: AnyFiber): void => {
    const learned = storage === undefined ? undefined : limiter.takeLearned(now)
    if (storage === undefined || learned === undefined) return
    const remembered = { version: 1, learnedAt: now, ...learned } as const
    Effect.runForkWith(fiber.context)(storage.keep(modelClass, remembered))
  }

  let order = 0
  const shared: Shared = { dispatcher, store, nextOrder: () => order++, hasLoggedInvalid: false }

  const run = (limiter: ClassLimiter, request: Request, fiber: AnyFiber) => {
    if (sharedLimits !== undefined) sharedClasses.get(modelClassOf(request.model))?.onCall(limiter, fiber)
    const call = fiber.getRef(Call.Current)
    const arrivedAt = nowMillis(fiber)
    const ticket = new Ticket(request, call, shared.nextOrder())
    const paced = new PacedCall(shared, limiter, ticket, fiber)
    const sent = Effect.suspend(() => {
      const attempt = Effect.mapError(send(request), (error) => ticket.tooLarge ?? error)
      const observed = Attempt.observed(attempt, paced, fiber)
      // While others wait for the first limits, the reply is streamed: its headers come before its end.
      const isAwaited = call.asks > smallRun && limiter.isUnknown
      const pacing = nowMillis(fiber) - arrivedAt
      if (!isAwaited && pacing <= 0) return observed
      const streamed = isAwaited ? { streamed: true } : {}
      const waited = pacing > 0 ? { waited: { ...call.waited, pacing } } : {}
      return Effect.provideService(observed, Call.Current, { ...call, ...streamed, ...waited })
    })
    return dispatcher.run(limiter, ticket, sent, () => paced.onExit(), fiber)
  }

  return (request) =>
    Effect.withFiber((fiber) => {
      const modelClass = modelClassOf(request.model)
      const limiter = limiters.get(modelClass)
      return limiter === undefined
        ? Effect.flatMap(load(modelClass, fiber), (limiter) => run(limiter, request, fiber))
        : run(limiter, request, fiber)
    })
}

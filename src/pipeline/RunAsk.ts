/**
 * Sends an ask, decodes its reply, and asks once more where the reply is empty, lacks a stop reason or does not fit its schema.
 * Emits the ask's events.
 */
import { Cause, Context, Duration, Effect, Exit, Option } from "effect"
import { AskError, NothingToFold } from "../claude/AskError.ts"
import * as Attempt from "../claude/Attempt.ts"
import * as Call from "../claude/Call.ts"
import { Claude } from "../claude/Claude.ts"
import type { Contradiction } from "../claude/Contradiction.ts"
import * as Event from "../claude/Event.ts"
import { addPaid, addUsage, type Reply, type Request, type Usage } from "../claude/Message.ts"
import * as Models from "../claude/Models.ts"
import * as Documents from "../documents/Documents.ts"
import { PaidUsage } from "../claude/PaidUsage.ts"
import { nowMillis } from "../scheduling/FiberClock.ts"
import type { Agreement } from "./Agreement.ts"
import { type AskData, modelsOf, requestOf } from "./AskData.ts"
import { Defaults } from "./AskOptions.ts"
import { repaired } from "./CitedAnswer.ts"
import { decode, isUnknownStop } from "./DecodeReply.ts"
import { type SecondTry, secondTry } from "./SecondTry.ts"

/**
 * An answer with its last reply, the usage of all its replies, and the time from its start. `agreement`: where it is that of several
 * votes, what they agree in.
 */
export interface Answer<out A> {
  readonly value: A
  readonly reply: Reply
  readonly usage: Usage
  readonly durationMillis: number
  readonly agreement?: Agreement
  /** Of a synthesis that compares its answers: what these contradict each other in. */
  readonly contradictions?: ReadonlyArray<Contradiction>
  /** The asks whose answers could not be compared; absent where that are none. */
  readonly uncompared?: ReadonlyArray<string>
}

type Ended<A> = Exit.Exit<Answer<A>, AskError>

/**
 * Runs an ask and gives the answer with its reply, usage and time. Where the answer does not fit its schema, Claude gets the
 * issue and is asked once more; where it is empty, the same request is sent once more. Emits `Started`, then exactly one of
 * `Answered`, `Failed` and `Interrupted`, with `name` as the ask's name where one is given. `onEnd` is run with the exit right
 * after that event, uninterruptibly.
 */
export const resolve = <A, R>(
  ask: AskData<A, R>,
  onEnd: (exit: Ended<A>) => Effect.Effect<unknown> = () => Effect.void,
  name?: string
): Effect.Effect<Answer<A>, AskError, Claude | R> =>
  observed(ask, (startedAt, paid) => answer(ask, startedAt, paid), onEnd, name)

/** The same with an answer that `body` makes, which gets the start in epoch milliseconds, and what attempts within it have cost. */
export const observed = <A, R>(
  ask: AskData<A, R>,
  body: (startedAt: number, paid: PaidUsage) => Effect.Effect<Answer<A>, AskError, Claude | R>,
  onEnd: (exit: Ended<A>) => Effect.Effect<unknown>,
  name?: string
): Effect.Effect<Answer<A>, AskError, Claude | R> => {
  const { synthesized, vote } = ask
  const isSynthesis = synthesized !== undefined && name === undefined
  if (isSynthesis && synthesized.answered === 0) return Effect.fail(withoutAnswers(synthesized.asks))
  const answered = Effect.withFiber<Answer<A>, AskError, Claude | R>((fiber) => {
    const startedAt = nowMillis(fiber)
    // Failed tries of a turn that succeeded in the end are in no reply, and were paid all the same.
    const paid = new PaidUsage()
    const context = fiber.context as Context.Context<Claude | R>
    const call = fiber.getRef(Call.Current)
    let own = Context.add(Attempt.observing(context, paid), Call.Execution, { firstDispatchAt: undefined })
    if (name !== undefined) own = Context.add(own, Call.Current, { ...call, ask: name, ...(vote && { vote }) })
    else if (isSynthesis) {
      const { asks, fold, run } = synthesized
      // The asks' shared model and document are not used: the synthesis reads answers only.
      const alone = Context.add(own, Defaults, {})
      const inSynthesis = { ...call, run, ask: fold?.name ?? "synthesis", part: "synthesis", asks } as const
      const current = fold === undefined ? inSynthesis : { ...inSynthesis, level: fold.level, folded: fold.folded }
      own = Context.add(alone, Call.Current, current)
    }
    const started = Event.emit(startOf(ask))
    const asked = Effect.andThen(started, body(startedAt, paid))
    // One finalizer emits the end and restores the context; `updateContext` would add a second one to every ask.
    fiber.setContext(own)
    return Effect.onExit(asked, (exit) =>
      Effect.andThen(
        emitEnd(exit, startedAt),
        Effect.suspend(() => {
          fiber.setContext(context)
          return onEnd(exit)
        })
      )
    )
  })
  return isSynthesis ? Effect.withSpan(answered, "Synthesis.answer") : answered
}

/** The prompts of thousands of folds are not kept in their events: each says the instruction, and which asks it stands for. */
const startOf = <A, R>({ question, synthesized, vote }: AskData<A, R>) => {
  const fold = synthesized?.fold
  if (fold === undefined) return { _tag: "Started", question, ...(vote && { vote }) } as const
  const { asks, instruction, level } = fold
  if (level === 0) return { _tag: "Started", question: instruction, compared: asks } as const
  return { _tag: "Started", question: instruction, fold: { level, asks } } as const
}

const withoutAnswers = (asks: number): AskError => new AskError({ reason: new NothingToFold({ asks }) })

const emitEnd = (exit: Ended<unknown>, startedAt: number): Effect.Effect<void> => {
  if (Exit.isSuccess(exit)) {
    const { durationMillis, reply, usage } = exit.value
    return Event.emit({ _tag: "Answered", model: reply.model, usage, durationMillis })
  }
  return Effect.withFiber((fiber) => Event.emit({ ...endOf(exit.cause), durationMillis: nowMillis(fiber) - startedAt }))
}

/** The event of an ask without an answer. A defect, of a layer or a schema, becomes `Failed` with the reason `Defect`. */
const endOf = (cause: Cause.Cause<AskError>) => {
  const error = Option.getOrUndefined(Cause.findErrorOption(cause))
  if (error !== undefined) return { _tag: "Failed", reason: error.reason._tag, message: error.message } as const
  return Cause.hasDies(cause)
    ? ({ _tag: "Failed", reason: "Defect", message: String(Cause.squash(cause)) } as const)
    : ({ _tag: "Interrupted" } as const)
}

const answer = <A, R>(
  ask: AskData<A, R>,
  startedAt: number,
  paid: PaidUsage
): Effect.Effect<Answer<A>, AskError, Claude | R> =>
  Effect.withFiber((fiber) => {
    if (ask.synthesized?.answered === 0) return Effect.fail(withoutAnswers(ask.synthesized.asks))
    const claude = Context.getUnsafe(fiber.context, Claude)
    const defaults = fiber.getRef(Defaults)
    const files = ask.options.files ?? defaults.files
    if (files !== undefined && Documents.loaded(files) === undefined) {
      const read = Documents.orDie(Documents.files(files, new Documents.Reader(".")))
      return Effect.flatMap(read, (files) => answer({ ...ask, options: { ...ask.options, files } }, startedAt, paid))
    }
    const request = requestOf(ask, defaults)
    const fallback = Models.others(modelsOf(ask, defaults))
    const send = withCall(claude.send, ask.options.timeout ?? defaults.timeout, fallback)
    return Effect.matchEffect(send(request), {
      onFailure: (error) => Effect.fail(paid.inError(error)),
      onSuccess: (first) =>
        Effect.matchEffect(decode(ask.format, request, first), {
          onFailure: (error) => {
            const next = secondTry(request, first, error)
            const ended = next === undefined ? Effect.fail(error) : askAgain(ask, send, next, first, startedAt)
            return Effect.mapError(ended, (error) => paid.inError(error))
          },
          onSuccess: (value) => {
            const decoded = { value, reply: first, usage: first.usage }
            const names = ask.synthesized?.cited
            if (names === undefined) return timed(decoded, startedAt)
            const again = (request: Request) =>
              Effect.flatMap(send(request), (reply) =>
                Effect.map(decode(ask.format, request, reply), (value) => ({ value, reply }))
              )
            return Effect.flatMap(repaired(decoded, request, names, again), (answered) => timed(answered, startedAt))
          }
        })
    })
  })

/** An answer within another ask, whose document and settings it does not share: with no start and end of its own. */
export const answerAlone = <A, R>(
  ask: AskData<A, R>,
  startedAt: number
): Effect.Effect<Answer<A>, AskError, Claude | R> =>
  Effect.provideService(answer(ask, startedAt, new PaidUsage()), Defaults, {})

const askAgain = Effect.fnUntraced(function* <A, R>(
  ask: AskData<A, R>,
  send: Send,
  { issue, request }: SecondTry,
  first: Reply,
  startedAt: number
) {
  yield* Event.emit({ _tag: "Reasked", issue })
  const reply = yield* Effect.mapError(send(request), afterReply(first))
  const value = yield* Effect.mapError(decode(ask.format, request, reply), afterReply(first))
  return yield* timed({ value, reply, usage: addUsage(first.usage, reply.usage) }, startedAt)
})

/** Adds the time from the start, in epoch milliseconds. */
export const timed = <A>(answered: Omit<Answer<A>, "durationMillis">, startedAt: number): Effect.Effect<Answer<A>> => {
  const { reply } = answered
  const ended = Effect.withFiber((fiber) =>
    Effect.succeed({ ...answered, durationMillis: nowMillis(fiber) - startedAt })
  )
  if (!isUnknownStop(reply)) return ended
  const { model, stopReason } = reply
  return Effect.andThen(Event.emit({ _tag: "UnknownStopReason", stopReason, model }), ended)
}

type Send = (typeof Claude.Service)["send"]

/** Puts the ask's timeout and its further models into the call, where `Retry` and `Fallback` read them. */
const withCall = (send: Send, timeout: Duration.Input | undefined, fallback: ReadonlyArray<string>): Send =>
  timeout === undefined && fallback.length === 0
    ? send
    : (request) =>
        Effect.updateService(send(request), Call.Current, (call) => ({
          ...call,
          ...(timeout !== undefined && { timeoutMillis: Duration.toMillis(timeout) }),
          ...(fallback.length > 0 && { fallback })
        }))

/** Adds the usage of the first reply, which is paid, to the error of the second. */
const afterReply =
  (first: Reply) =>
  (error: AskError): AskError =>
    error.with({ usage: addPaid(first.usage, error.usage), model: error.model ?? first.model })

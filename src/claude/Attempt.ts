/** One attempt of a call, and the observers that learn of it: from here layers know what happens to their requests. */
import { Context, Effect, Exit } from "effect"
import { type AnyFiber, nowMillis } from "../scheduling/FiberClock.ts"
import type { AskError } from "./AskError.ts"
import * as Call from "./Call.ts"
import * as Event from "./Event.ts"
import type { Reply, Request, Usage } from "./Message.ts"

export type Send = (request: Request) => Effect.Effect<Reply, AskError>

/** What of a streamed reply has arrived, and is paid. */
export type PartialReply = Pick<AskError, "model" | "usage" | "partialText">

/** Why an attempt is interrupted, as its `AttemptFailed` will say it. */
export interface Stop {
  readonly reason: string
  readonly message: string
  /** What it is assumed to have cost where no usage has arrived. */
  readonly estimate?: { readonly model: string; readonly usage: Usage }
}

/** How an attempt ended, and what it cost as far as that is known. */
export interface End {
  readonly exit: Exit.Exit<Reply, AskError>
  readonly durationMillis: number
  readonly model: string | undefined
  readonly usage: Usage | undefined
  /** `usage` is assumed, as the API did not report it. */
  readonly isEstimated?: boolean
  readonly headers: Readonly<Record<string, string>>
}

/**
 * What a layer wants to know of the attempts below it. The callbacks run at the moment itself and must not throw; of one
 * attempt they come in this order: `onDispatch`, `onHeaders`, `onFirstToken`, `onEnd`, with `onChunk` from the headers on.
 */
export interface Observer {
  /** The request leaves. */
  readonly onDispatch?: (attempt: Attempt) => void
  /** The headers of a streamed response are in; those of a plain one come with its end. */
  readonly onHeaders?: (attempt: Attempt, headers: Readonly<Record<string, string>>) => void
  readonly onFirstToken?: (attempt: Attempt) => void
  /** Bytes of a streamed reply arrived, pings included. */
  readonly onChunk?: (attempt: Attempt) => void
  /** The attempt is over, interrupted ones included. Its last event is emitted after that. */
  readonly onEnd?: (attempt: Attempt, end: End) => void
}

/** What a call is made within: the attempt that it is part of, and the observers of its own, from the innermost outwards. */
interface Surroundings {
  readonly attempt: Attempt | undefined
  readonly observer: Observer | undefined
  readonly outer: Surroundings | undefined
}

const nowhere: Surroundings = { attempt: undefined, observer: undefined, outer: undefined }

const Surroundings = Context.Reference<Surroundings>("fanfold/claude/Attempt/Surroundings", {
  defaultValue: () => nowhere
})

const surroundedBy = (outer: Surroundings, observer: Observer): Surroundings => ({
  attempt: outer.attempt,
  observer,
  outer: outer.observer === undefined ? undefined : outer
})

/** The context of what is sent within an attempt: its own observers begin anew. */
export const within = <R>(context: Context.Context<R>, attempt: Attempt): Context.Context<R> =>
  Context.add(context, Surroundings, { attempt, observer: undefined, outer: undefined })

/** Adds an observer to the context that attempts are made in; the inner ones are called first. */
export const observing = <R>(context: Context.Context<R>, observer: Observer): Context.Context<R> =>
  Context.add(context, Surroundings, surroundedBy(Context.get(context, Surroundings), observer))

/**
 * Adds an observer to the attempts that the fiber's effect makes. Sets the fiber's context and restores it at the end, as
 * `provideService` does, in half of its memory: every call in flight holds this.
 */
export const observed = <A, E, R>(effect: Effect.Effect<A, E, R>, observer: Observer, fiber: AnyFiber) =>
  Effect.suspend(() => {
    const { context } = fiber
    fiber.setContext(observing(context, observer))
    return Effect.onExit(effect, () => {
      fiber.setContext(context)
      return Effect.void
    })
  })

/** Above this many output tokens the SDK refuses a plain request: the answer may take longer than its ten minutes. */
const maxPlainTokens = 21_333

export class Attempt {
  readonly request: Request
  readonly call: Call.Call
  /** The answer comes as a stream: a listener or layer wants it, it is a synthesis, or it may be very long. */
  readonly isStreamed: boolean
  /** When the request left, in epoch milliseconds. */
  dispatchedAt: number | undefined
  /** When bytes of its streamed reply last arrived, in epoch milliseconds. */
  lastChunkAt: number | undefined
  isEnded = false
  readonly #fiber: AnyFiber
  readonly #surroundings: Surroundings
  #sendDelta: ((delta: Event.Delta) => void) | undefined
  #partial: () => PartialReply = none
  #stop: Stop = interruption

  constructor(request: Request, fiber: AnyFiber) {
    const call = fiber.getRef(Call.Current)
    const listener = fiber.getRef(Event.Listener)
    this.request = request
    this.call = call
    this.isStreamed =
      listener.delta !== undefined ||
      call.streamed === true ||
      call.part === "synthesis" ||
      request.maxTokens > maxPlainTokens
    this.#fiber = fiber
    const surroundings = fiber.getRef(Surroundings)
    const { attempt: outer } = surroundings
    this.#surroundings = outer === undefined ? surroundings : surroundedBy(surroundings, forwardingTo(outer))
  }

  /** The request was dispatched, and has not ended. */
  get isUnderWay(): boolean {
    return this.dispatchedAt !== undefined && !this.isEnded
  }

  /** What of a streamed reply has arrived so far. */
  get partial(): PartialReply {
    return this.#partial()
  }

  /** Why it was interrupted, if it was. */
  get stopped(): Stop {
    return this.#stop
  }

  /** Says why the attempt is about to be interrupted. The first reason stays. */
  stop(stop: Stop): void {
    if (this.#stop === interruption) this.#stop = stop
  }

  dispatch(): void {
    this.dispatchedAt = nowMillis(this.#fiber)
    this.#notify((observer) => observer.onDispatch?.(this))
  }

  /** To be called by a `Claude` that streams, once the response has begun. */
  headers(headers: Readonly<Record<string, string>>): void {
    this.#notify((observer) => observer.onHeaders?.(this, headers))
  }

  /** To be called by a `Claude` that streams, for all bytes that arrive; `partial` gives what all of them make. */
  chunk(partial: () => PartialReply): void {
    this.#partial = partial
    this.lastChunkAt = nowMillis(this.#fiber)
    this.#notify((observer) => observer.onChunk?.(this))
  }

  begin(): void {
    this.#notify((observer) => observer.onFirstToken?.(this))
  }

  /** To be run by a `Claude` that streams, when the first text arrives. */
  get firstToken(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.begin()
      if (this.call.hedge === true) return Effect.void
      // A listener that asks Claude itself makes attempts of its own, not parts of this one.
      return Effect.provideService(
        Event.emit({ _tag: "FirstToken", attempt: this.call.attempt }),
        Surroundings,
        nowhere
      )
    })
  }

  /** To be called by a `Claude` that streams, for every piece of text. */
  delta(text: string): void {
    const { ask, hedge, part, run, vote } = this.call
    // The text of a second copy would be mixed with that of the original, and votes are no answer until they are counted.
    if (hedge === true || vote !== undefined) return
    this.#sendDelta ??= Event.deltaSender(this.#fiber.getRef(Event.Listener), this.#fiber)
    this.#sendDelta({ run, ask, part, text })
  }

  end(exit: Exit.Exit<Reply, AskError>): End {
    const durationMillis = nowMillis(this.#fiber) - (this.dispatchedAt ?? nowMillis(this.#fiber))
    const end: End = { exit, durationMillis, ...this.#costOf(exit) }
    this.isEnded = true
    if (this.dispatchedAt === undefined) return end
    this.#notify((observer) => observer.onEnd?.(this, end))
    return end
  }

  #notify(call: (observer: Observer) => void): void {
    let each: Surroundings | undefined = this.#surroundings
    for (; each !== undefined; each = each.outer) if (each.observer !== undefined) call(each.observer)
  }

  #costOf(exit: Exit.Exit<Reply, AskError>): Pick<End, "model" | "usage" | "isEstimated" | "headers"> {
    if (Exit.isSuccess(exit)) return exit.value
    const error = Exit.findErrorOption(exit)
    const { model, usage } = error._tag === "Some" ? error.value : this.#partial()
    const headers = error._tag === "Some" ? (error.value.headers ?? {}) : {}
    if (usage === undefined && error._tag === "None" && this.#stop.estimate !== undefined) {
      return { ...this.#stop.estimate, isEstimated: true, headers }
    }
    return { model: usage === undefined ? model : (model ?? this.request.model), usage, headers }
  }
}

const none = (): PartialReply => ({ model: undefined, usage: undefined, partialText: undefined })
const interruption: Stop = { reason: "Interrupted", message: "stopped on its way" }

/** The attempt that the fiber's `Claude` is asked to make; `undefined` outside of any. */
export const currentOf = (fiber: AnyFiber): Attempt | undefined => fiber.getRef(Surroundings).attempt

/** The attempt that a `Claude` is asked to make; `undefined` outside of any. One that streams reports to it. */
export const current: Effect.Effect<Attempt | undefined> = Effect.withFiber((fiber) => Effect.succeed(currentOf(fiber)))

/** Hands on what an inner attempt receives; when it began and ended, the outer one knows by itself. */
const forwardingTo = (outer: Attempt): Observer => ({
  onHeaders: (_inner, headers) => outer.headers(headers),
  onFirstToken: () => outer.begin(),
  onChunk: (inner) => outer.chunk(() => inner.partial)
})

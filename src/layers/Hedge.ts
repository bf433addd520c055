/** Sends a second copy of an ask that takes much longer than the others: the first reply wins, and the other is aborted. */
import { Clock, Context, Duration, Effect, Exit, Fiber, Layer, Schema } from "effect"
import { Alarm } from "../Alarm.ts"
import type { AskError } from "../AskError.ts"
import * as Call from "../Call.ts"
import { Activity, Claude, isStreamed, type SoFar } from "../Claude.ts"
import * as Event from "../Event.ts"
import * as Issue from "../Issue.ts"
import { durationOr, inCode, PositiveInt } from "../Limit.ts"
import { addPaid, type Reply, type Request, type Usage } from "../Message.ts"
import { type Flight, Stragglers } from "../Stragglers.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>

/** `after`: when a call takes too long, from its leaving. `max`: most second copies in a run. */
export const Options = Schema.Struct({
  after: Schema.optionalKey(
    durationOr("p95").annotate({
      description: "Send a second copy of an ask that takes longer than this, or than 95 % of them: p95 (default)"
    })
  ),
  max: Schema.optionalKey(
    PositiveInt.annotate({ description: "Most second copies in a run (default: 5 % of the asks, at least 3)" })
  )
})
export interface Options {
  readonly after?: "p95" | Duration.Input | undefined
  readonly max?: number | undefined
}

/** The share of a run's asks that may have a second copy: those that are slower than the 95th percentile. */
const share = 0.05

/** Copies that a small run may have: of 50 asks, 2 in 100 of them slow, seldom more than three are. */
const fewest = 3

/** Runs that are remembered while nothing of them is on its way, as between two turns of an ask. */
const idleRuns = 16

const assertOptions = Issue.assert(inCode(Options), "hedge")

/**
 * Provides a `Claude` that hedges asks, never a synthesis. It counts from `Dispatched`, as `Pacing` tells it below, so that
 * no call is hedged that merely waits for its turn, and sends none after a 429 or 529 until the next reply.
 */
export const layer = (options: Options = {}): Layer.Layer<Claude, never, Claude> => {
  assertOptions(options)
  const { after = "p95", max } = options
  const afterMillis = after === "p95" ? undefined : Duration.toMillis(after)
  return Layer.effect(
    Claude,
    Effect.map(Claude, ({ send }) => {
      const watch = new Watch()
      const runs = watch.runs
      const runOf = ({ asks, run }: Call.Call): Stragglers => {
        const known = runs.get(run)
        if (known !== undefined) return known
        const made = new Stragglers(max ?? Math.max(fewest, Math.floor(share * asks)), afterMillis)
        for (const [name, { isIdle }] of runs) if (isIdle && runs.size >= idleRuns) runs.delete(name)
        runs.set(run, made)
        return made
      }
      return Claude.of({
        send: (request) =>
          Effect.withFiber((fiber) => {
            const call = fiber.getRef(Call.Current)
            if (call.part !== "ask" || call.hedge === true) return send(request)
            const run = runOf(call)
            if (run.isSpent) return send(request)
            return race(send, request, run, watch, fiber)
          })
      })
    })
  )
}

/** What the calls of all runs have in common: the timer, and whether the API just said no. */
class Watch {
  readonly runs = new Map<string, Stragglers>()
  isCooling = false
  readonly #alarm = new Alarm((timer) => this.#look(timer))

  /** Sees to it that the run's next straggler is noticed. */
  expect(run: Stragglers, fiber: AnyFiber): void {
    if (!this.isCooling) this.#alarm.set(run.dueAt, fiber)
  }

  hear(event: Event.Event, fiber: AnyFiber): void {
    if (event._tag === "Replied" && this.isCooling) {
      this.isCooling = false
      for (const run of this.runs.values()) this.expect(run, fiber)
    } else if (event._tag === "AttemptFailed" && (event.reason === "RateLimited" || event.reason === "Overloaded")) {
      this.isCooling = true
    }
  }

  /** Without anybody on the way, there is nobody to wait for. */
  rest(): void {
    for (const { isIdle } of this.runs.values()) if (!isIdle) return
    this.#alarm.stop()
  }

  #look(timer: AnyFiber): void {
    const now = millis(timer)
    for (const run of this.runs.values()) {
      for (let late = this.#late(run, now); late !== undefined; late = this.#late(run, now)) late.begin()
      this.expect(run, timer)
    }
  }

  #late(run: Stragglers, now: number): Flight | undefined {
    return this.isCooling ? undefined : run.take(now)
  }
}

/** One of the two requests of a race. */
class Runner {
  fiber: Fiber.Fiber<Reply, AskError> | undefined
  /** It left, and has not come to an end. */
  underWay: Extract<Event.Event, { readonly _tag: "Dispatched" }> | undefined
  hasLeft = false
  soFar: SoFar | undefined

  see(event: Event.Event): void {
    if (event._tag === "Dispatched") {
      this.underWay = event
      this.hasLeft = true
    } else if (event._tag === "Replied" || event._tag === "AttemptFailed") this.underWay = undefined
  }
}

type Send = (request: Request) => Effect.Effect<Reply, AskError>

/** Sends a call and, where it takes too long, its copy. */
const race = (send: Send, request: Request, run: Stragglers, watch: Watch, fiber: AnyFiber) =>
  Effect.callback<Reply, AskError>((resume) => {
    const call = fiber.getRef(Call.Current)
    const listener = fiber.getRef(Event.Listener)
    const activity = fiber.getRef(Activity)
    const original = new Runner()
    const copy = new Runner()
    let flight: Flight | undefined
    /** Why the original failed, while its copy is on the way. */
    let failed: AskError | undefined
    /** What the copy has paid, where it failed. */
    let paid: Usage | undefined
    let isOver = false

    const land = (millis?: number): void => {
      if (flight === undefined) return
      run.end(flight, millis)
      watch.expect(run, fiber)
    }
    const finish = (result: Effect.Effect<Reply, AskError>): void => {
      isOver = true
      land()
      watch.rest()
      resume(result)
    }
    const fail = (error: AskError) =>
      Effect.fail(paid === undefined ? error : error.with({ usage: addPaid(error.usage, paid) }))

    const begin = (): void => {
      const copied = { ...call, hedge: true, streamed: isStreamed(request, call, listener) }
      // Its pieces are not told: they would be mixed with those of the original.
      const hearing: Event.Listener = {
        emit: (event) => {
          copy.see(event)
          watch.hear(event, fiber)
          if (event._tag === "Dispatched") run.spend()
          return event._tag === "FirstToken" ? Effect.void : listener.emit(event)
        }
      }
      const onActivity = (latest: SoFar) => {
        copy.soFar = latest
      }
      const context = fiber.context.pipe(
        Context.add(Call.Current, copied),
        Context.add(Event.Listener, hearing),
        Context.add(Activity, onActivity)
      )
      copy.fiber = Effect.runForkWith(context)(send(request))
      copy.fiber.addObserver(onCopy)
    }

    const onCopy = (exit: Exit.Exit<Reply, AskError>): void => {
      copy.fiber = undefined
      if (!copy.hasLeft && flight !== undefined) {
        run.giveBack(flight, millis(fiber))
        watch.expect(run, fiber)
      }
      if (isOver) return
      if (Exit.isSuccess(exit)) {
        const { underWay } = original
        if (underWay !== undefined) land(millis(fiber) - underWay.at)
        return finish(Effect.andThen(outrun(original, exit.value, request), exit))
      }
      const error = Exit.findErrorOption(exit)
      if (error._tag === "Some") paid = addPaid(paid, error.value.usage)
      if (failed !== undefined) finish(Effect.andThen(stop(copy), fail(failed)))
    }

    const onOriginal = (exit: Exit.Exit<Reply, AskError>): void => {
      original.fiber = undefined
      if (isOver) return
      if (Exit.isSuccess(exit)) return finish(Effect.andThen(outrun(copy, exit.value, request), exit))
      const error = Exit.findErrorOption(exit)
      if (error._tag === "None") return finish(Effect.andThen(stop(copy), exit))
      if (copy.fiber === undefined || !copy.hasLeft) return finish(Effect.andThen(stop(copy), fail(error.value)))
      failed = error.value
    }

    const hearing: Event.Listener = {
      ...listener,
      emit: (event) => {
        original.see(event)
        watch.hear(event, fiber)
        if (event._tag === "Dispatched") {
          flight = run.leave(request.model, event.at, begin)
          watch.expect(run, fiber)
        } else if (event._tag === "Replied") land(event.durationMillis)
        else if (event._tag === "AttemptFailed") land()
        return listener.emit(event)
      }
    }
    const onActivity = (latest: SoFar) => {
      original.soFar = latest
      activity(latest)
    }
    const context = fiber.context.pipe(Context.add(Event.Listener, hearing), Context.add(Activity, onActivity))
    original.fiber = Effect.runForkWith(context)(send(request))
    original.fiber.addObserver(onOriginal)

    return Effect.suspend(() => {
      isOver = true
      land()
      watch.rest()
      const gone = original.fiber === undefined ? Effect.void : Fiber.interrupt(original.fiber)
      return Effect.andThen(gone, stop(copy))
    })
  })

/** Aborts the loser of a race, and tells what it has cost: in full, as far as is known, as it was sent in full. */
const outrun = (loser: Runner, { model, usage }: Reply, request: Request): Effect.Effect<void> =>
  end(loser, "Outrun", "the other copy was faster", () => {
    const paid = loser.soFar?.() ?? {}
    return paid.usage === undefined
      ? { model, usage, estimated: true }
      : { model: paid.model ?? request.model, usage: paid.usage }
  })

/** Aborts a copy that nobody waits for any more. */
const stop = (copy: Runner): Effect.Effect<void> =>
  end(copy, "Interrupted", "stopped on its way", () => {
    const { model, usage } = copy.soFar?.() ?? {}
    return model === undefined || usage === undefined ? {} : { model, usage }
  })

const end = (runner: Runner, reason: string, message: string, paidBy: () => Paid): Effect.Effect<void> =>
  Effect.uninterruptible(
    Effect.withFiber((fiber) => {
      const gone = runner.fiber === undefined ? Effect.void : Fiber.interrupt(runner.fiber)
      return Effect.andThen(gone, () => {
        // It may have come to its own end at the last moment.
        if (runner.underWay === undefined) return Effect.void
        const { at, attempt, hedge } = runner.underWay
        const durationMillis = millis(fiber) - at
        const isHedge = hedge === true ? { hedge } : {}
        return Event.emit({ _tag: "AttemptFailed", attempt, reason, message, ...paidBy(), durationMillis, ...isHedge })
      })
    })
  )

/** What an attempt has cost that did not come to its end. */
interface Paid {
  readonly model?: string
  readonly usage?: Usage
  readonly estimated?: boolean
}

const millis = (fiber: AnyFiber): number => fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()

/** A call and, where it takes too long, its second copy: the first reply wins, and the other request is aborted. */
import { Clock, Context, Effect, Exit, Fiber } from "effect"
import type { AskError } from "../../claude/AskError.ts"
import * as Call from "../../claude/Call.ts"
import { Activity, type Claude, isStreamed, type SoFar } from "../../claude/Claude.ts"
import * as Event from "../../claude/Event.ts"
import type { HedgeScheduler } from "./HedgeScheduler.ts"
import { addPaid, type Reply, type Request, type Usage } from "../../claude/Message.ts"
import type { Flight, HedgeCandidates } from "./HedgeCandidates.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>

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

/** Sends a fiber's call, and a copy once the scheduler begins it. Fails where both have, with the error of the original. */
export const race = (
  send: typeof Claude.Service.send,
  request: Request,
  run: HedgeCandidates,
  scheduler: HedgeScheduler,
  fiber: AnyFiber
): Effect.Effect<Reply, AskError> =>
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
      scheduler.expect(run, fiber)
    }
    const finish = (result: Effect.Effect<Reply, AskError>): void => {
      isOver = true
      land()
      scheduler.rest()
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
          scheduler.hear(event, fiber)
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
        scheduler.expect(run, fiber)
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
        scheduler.hear(event, fiber)
        if (event._tag === "Dispatched") {
          flight = run.leave(request.model, event.at, begin)
          scheduler.expect(run, fiber)
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
      scheduler.rest()
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

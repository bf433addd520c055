/** A call and, where it takes too long, its second copy: the first reply wins, and the other request is aborted. */
import { Context, Effect, Exit, Fiber } from "effect"
import type { AskError } from "../../claude/AskError.ts"
import * as Attempt from "../../claude/Attempt.ts"
import * as Call from "../../claude/Call.ts"
import { addPaid, type Reply, type Request, type Usage } from "../../claude/Message.ts"
import { type AnyFiber, nowMillis } from "../../scheduling/FiberClock.ts"
import type { HedgeCandidate, HedgeCandidates } from "./HedgeCandidates.ts"
import type { HedgeScheduler } from "./HedgeScheduler.ts"

/** One of the two requests. */
class Copy {
  fiber: Fiber.Fiber<Reply, AskError> | undefined
  /** Its latest attempt. */
  attempt: Attempt.Attempt | undefined

  /** Interrupts it, and waits until it has ended. */
  interrupt(stop: Attempt.Stop): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.attempt?.stop(stop)
      return this.fiber === undefined ? Effect.void : Effect.asVoid(Fiber.interrupt(this.fiber))
    })
  }
}

const outrun: Attempt.Stop = { reason: "Outrun", message: "the other copy was faster" }
const interrupted: Attempt.Stop = { reason: "Interrupted", message: "stopped on its way" }

/** Sends a fiber's call, and a copy once the scheduler begins it. Fails where both have, with the error of the original. */
export const hedgedCall = (
  send: Attempt.Send,
  request: Request,
  run: HedgeCandidates,
  scheduler: HedgeScheduler,
  fiber: AnyFiber
): Effect.Effect<Reply, AskError> =>
  Effect.callback<Reply, AskError>((resume) => {
    const call = fiber.getRef(Call.Current)
    const original = new Copy()
    const copy = new Copy()
    let candidate: HedgeCandidate | undefined
    /** The candidate that the copy was begun for. */
    let hedged: HedgeCandidate | undefined
    /** Why the original failed, while its copy is under way. */
    let failure: AskError | undefined
    /** What a failed copy cost. */
    let copyPaid: Usage | undefined
    let isOver = false

    const removeCandidate = (millis?: number): void => {
      if (candidate === undefined) return
      run.remove(candidate, millis)
      candidate = undefined
      scheduler.schedule(run, fiber)
    }
    const finish = (result: Effect.Effect<Reply, AskError>): void => {
      isOver = true
      removeCandidate()
      scheduler.stopIfIdle()
      resume(result)
    }
    const fail = (error: AskError) =>
      Effect.fail(copyPaid === undefined ? error : error.with({ usage: addPaid(error.usage, copyPaid) }))
    /** The loser was sent whole: where it reports no usage, it is assumed to cost what the winner does. */
    const abort = (loser: Copy, { model, usage }: Reply) =>
      Effect.uninterruptible(loser.interrupt({ ...outrun, estimate: { model, usage } }))
    const stopCopy = Effect.uninterruptible(copy.interrupt(interrupted))

    const learn = ({ exit }: Attempt.End): void => {
      if (Exit.isSuccess(exit)) return scheduler.onAccepted(fiber)
      const error = Exit.findErrorOption(exit)
      const reason = error._tag === "Some" ? error.value.reason._tag : undefined
      if (reason === "RateLimited" || reason === "Overloaded") scheduler.onRejected()
    }

    const copyObserver: Attempt.Observer = {
      onDispatch: (attempt) => {
        copy.attempt = attempt
        run.onCopyDispatched()
      },
      onEnd: (_attempt, end) => learn(end)
    }
    const originalObserver: Attempt.Observer = {
      onDispatch: (attempt) => {
        original.attempt = attempt
        // A layer below may make more than one attempt, at once or one after the other: they have one copy together.
        if (isOver || candidate !== undefined || copy.fiber !== undefined) return
        candidate = run.add(request.model, attempt.dispatchedAt!, begin)
        scheduler.schedule(run, fiber)
      },
      onEnd: (_attempt, end) => {
        if (!isOver) removeCandidate(Exit.isSuccess(end.exit) ? end.durationMillis : undefined)
        learn(end)
      }
    }
    const start = (one: Copy, observer: Attempt.Observer, as: Call.Call, onExit: typeof onOriginal): void => {
      const context = Context.add(Attempt.observing(fiber.context, observer), Call.Current, as)
      one.fiber = Effect.runForkWith(context)(send(request))
      one.fiber.addObserver(onExit)
    }
    const begin = (): void => {
      hedged = candidate
      start(copy, copyObserver, { ...call, hedge: true }, onCopy)
    }

    const onCopy = (exit: Exit.Exit<Reply, AskError>): void => {
      copy.fiber = undefined
      if (copy.attempt === undefined && hedged !== undefined) {
        run.giveBack(hedged, nowMillis(fiber))
        scheduler.schedule(run, fiber)
      }
      if (isOver) return
      if (Exit.isSuccess(exit)) {
        const { attempt } = original
        if (attempt?.isUnderWay === true) removeCandidate(nowMillis(fiber) - attempt.dispatchedAt!)
        return finish(Effect.andThen(abort(original, exit.value), exit))
      }
      const error = Exit.findErrorOption(exit)
      if (error._tag === "Some") copyPaid = addPaid(copyPaid, error.value.usage)
      if (failure !== undefined) finish(fail(failure))
    }

    const onOriginal = (exit: Exit.Exit<Reply, AskError>): void => {
      original.fiber = undefined
      if (isOver) return
      if (Exit.isSuccess(exit)) return finish(Effect.andThen(abort(copy, exit.value), exit))
      const error = Exit.findErrorOption(exit)
      if (error._tag === "None") return finish(Effect.andThen(stopCopy, exit))
      if (copy.fiber === undefined || copy.attempt === undefined) {
        return finish(Effect.andThen(stopCopy, fail(error.value)))
      }
      failure = error.value
    }

    start(original, originalObserver, call, onOriginal)

    return Effect.suspend(() => {
      isOver = true
      removeCandidate()
      scheduler.stopIfIdle()
      // The original's reason, such as a timeout, was given by the layer that interrupts.
      return Effect.andThen(stopCopy, original.interrupt(interrupted))
    })
  })

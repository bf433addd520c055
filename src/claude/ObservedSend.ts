/** Observes a `send` where its requests leave: makes an attempt of each call, and emits the attempt's events. */
import { Effect } from "effect"
import { Attempt, currentOf, type Send, within } from "./Attempt.ts"
import * as AttemptEvents from "./AttemptEvents.ts"
import * as Event from "./Event.ts"

const marked = new WeakSet<Send>()

/** Marks a `send` below which attempts are observed already: that of a layer around an observed one. */
export const mark = (send: Send): Send => {
  marked.add(send)
  return send
}

/**
 * Observes the attempts of a `send`, and emits `Dispatched` before each, `Replied` or `AttemptFailed` after. One that is
 * marked stays as it is. Each call of an unmarked one is one attempt, whatever it sends: a layer that was made without
 * `layerAround` hides the attempts below it, but for the headers and chunks that they report.
 */
export const observe = (send: Send): Send => {
  if (marked.has(send)) return send
  return mark((request) =>
    Effect.withFiber((fiber) => {
      // An outer attempt emits the events of both.
      const isSilent = currentOf(fiber) !== undefined || !Event.isListening(fiber)
      const attempt = new Attempt(request, fiber)
      const { context } = fiber
      let isAnnounced = false
      const dispatch = () => {
        attempt.dispatch()
        fiber.setContext(within(context, attempt))
        return send(request)
      }
      const announce = Effect.suspend(() => {
        isAnnounced = true
        return Event.emit(AttemptEvents.dispatched(attempt), AttemptEvents.contentOf(attempt))
      })
      const sent = isSilent ? Effect.suspend(dispatch) : Effect.andThen(Effect.uninterruptible(announce), dispatch)
      return Effect.onExit(sent, (exit) => {
        fiber.setContext(context)
        const end = attempt.end(exit)
        if (!isAnnounced) return Effect.void
        return Event.emit(AttemptEvents.ended(attempt, end), AttemptEvents.replyOf(end))
      })
    })
  )
}

/** The text of answers while it is written, in deltas, taken from `Event.Listener`. */
import { Effect, Queue, Stream } from "effect"
import type { AskError } from "../claude/AskError.ts"
import type { Claude } from "../claude/Claude.ts"
import * as Event from "../claude/Event.ts"
import { type Reply, textOf } from "../claude/Message.ts"
import type { AskData } from "./AskData.ts"
import { resolve } from "./ComparedAnswers.ts"
import type { Answer } from "./RunAsk.ts"

/**
 * A piece of an answer. `offset` is where it begins in the answer's text, in UTF-16 code units: the text after it is
 * `text.slice(0, delta.offset) + delta.text`. An offset below the text's length begins the text of a new attempt, which replaces
 * the text of one that failed.
 */
export interface Delta {
  readonly text: string
  readonly offset: number
}

/** The text of one answer as far as it has arrived; reports each delta with its offset. */
export class AnswerText {
  readonly #onDelta: (delta: Delta) => void
  #text = ""
  /** Length of the text of turns that ended with `pause_turn`: a failed attempt of the next turn leaves it in place. */
  #keptLength = 0

  constructor(onDelta: (delta: Delta) => void) {
    this.#onDelta = onDelta
  }

  add(text: string): void {
    this.#onDelta({ text, offset: this.#text.length })
    this.#text += text
  }

  /** Drops the text of an attempt that failed, and of an answer that does not fit its schema. */
  see(event: Event.Event): void {
    switch (event._tag) {
      case "Continued":
        this.#keptLength = this.#text.length
        return
      case "Reasked":
        this.#keptLength = 0
        break
      case "AttemptFailed":
        // A hedge's second copy reports no deltas, and its failure does not end the first one.
        if (event.hedge === true) return
        break
      case "Retrying":
      case "FellBack":
        break
      default:
        return
    }
    this.#text = this.#text.slice(0, this.#keptLength)
  }

  /** Reports what no delta brought: all of a reply that was not streamed, or that of a hedge's second copy. */
  end(reply: Reply): void {
    const answer = textOf(reply)
    if (answer === this.#text) return
    const offset = answer.startsWith(this.#text) ? this.#text.length : 0
    this.#onDelta({ text: answer.slice(offset), offset })
  }
}

/** Runs an effect with a listener that also reports to `answerOf(ask)`. A listener of deltas makes the requests stream. */
export const observed =
  (answerOf: (ask: string) => AnswerText) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.updateService(effect, Event.Listener, (listener) => ({
      emit: (event, content) => {
        if (event.ask !== "") answerOf(event.ask).see(event)
        return listener.emit(event, content)
      },
      delta: (delta) => {
        answerOf(delta.ask).add(delta.text)
        listener.delta?.(delta)
      }
    }))

/** Whether it is the name of a fold below the document: no ask has a dot in its name. */
const isFold = (ask: string): boolean => ask.includes(".")

/** Runs an ask and calls `onText` with its text in deltas. */
export const withText =
  (onText: (text: string) => void) =>
  <A, E, R>(answered: Effect.Effect<Answer<A>, E, R>): Effect.Effect<Answer<A>, E, R> =>
    Effect.suspend(() => {
      const answer = new AnswerText(({ text }) => onText(text))
      const other = new AnswerText(() => {})
      const answerOf = (ask: string) => (isFold(ask) ? other : answer)
      return Effect.tap(observed(answerOf)(answered), ({ reply }) => Effect.sync(() => answer.end(reply)))
    })

/**
 * Runs an ask and gives its text in deltas, which together are the answer's text. Fails where the ask fails; closing the
 * stream interrupts the request. Deltas that are not read yet are kept: a slow reader does not slow the request down. Where
 * an attempt fails after it has begun to answer, all of the next attempt's text follows.
 */
export const textStream = <A, R>(ask: AskData<A, R>): Stream.Stream<string, AskError, Claude | R> =>
  Stream.callback((queue) =>
    resolve(ask).pipe(
      withText((text) => void Queue.offerUnsafe(queue, text)),
      Effect.andThen(Queue.end(queue))
    )
  )

/** Several listeners as one. */
import { Effect } from "effect"
import * as Event from "./Event.ts"

/** Passes each event to all of them, in order; a defect of one is logged, and the others hear of the event. */
export const all = (listeners: ReadonlyArray<Event.Listener | undefined>): Event.Listener => {
  const given = listeners.filter((listener) => listener !== undefined)
  const [first] = given
  if (given.length === 1 && first !== undefined) return first
  const deltas = given.flatMap(({ delta }) => (delta === undefined ? [] : [delta]))
  return {
    emit: (event, content) => Effect.forEach(given, (each) => Event.hear(each, event, content), { discard: true }),
    ...(deltas.length > 0 && { delta: (piece) => deltas.forEach((delta) => delta(piece)) })
  }
}

/** Sees an event with its content, in the fiber of its call. Must not wait for anything, nor throw. */
export type Watcher = (event: Event.Event, content: Event.Content | undefined) => void

/** A listener whose events a watcher sees first, without the Effects that a second listener takes. */
export const watched = (listener: Event.Listener, watcher: Watcher | undefined): Event.Listener => {
  if (watcher === undefined) return listener
  const { delta, emit } = listener
  return {
    ...(delta !== undefined && { delta }),
    emit: (event, content) => {
      watcher(event, content)
      return emit(event, content)
    }
  }
}

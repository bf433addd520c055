/** What every event has beside its own fields. */
import { Schema } from "effect"

/** Raised when an event's shape changes in a way that an old reader would misread. */
export const version = 1

/** On every event: its version, epoch milliseconds, and the call it belongs to. */
export const stamp = {
  version: Schema.Literal(version),
  at: Schema.Finite,
  run: Schema.String,
  ask: Schema.String,
  part: Schema.Literals(["ask", "synthesis"])
}

/** Shows how far a measurement is: on one line of a terminal that is rewritten, or else on a line from time to time. */
import { Clock, Effect, Schedule, type Scope } from "effect"
import { roundedText } from "../options/DurationText.ts"
import type { MeasurementStep } from "./PlanMeasurement.ts"
import type { ProgressOptions } from "./progress/ProgressOptions.ts"

const eraseLine = "\r\u001B[2K"

/** Without a terminal, the shortest time between two lines, and the most lines of the predicted time: lines of a log stay. */
const minLineIntervalMillis = 5000
const maxLines = 20

/** Returns a function to call before each run. It first writes how long the measurement will take. */
export const make = Effect.fnUntraced(function* (
  { mode, output }: Omit<ProgressOptions, "summary">,
  rounds: number
): Effect.fn.Return<(step: MeasurementStep) => void, never, Scope.Scope> {
  const isLive = mode === "live"
  const startedAt = yield* Clock.currentTimeMillis
  let last: MeasurementStep | undefined
  const show = (step: MeasurementStep, elapsedMillis: number): void => {
    const round = `Round ${step.round} of ${rounds}`
    const time = `${roundedText(elapsedMillis)} of about ${roundedText(step.totalMillis)}`
    const line = isLive ? `${round} · ${time} · ${step.arm}` : `${round}, ${time}`
    output.write(isLive ? `${eraseLine}${line.slice(0, (output.columns || 80) - 1)}` : `${line}\n`)
  }
  const draw = Effect.map(Clock.currentTimeMillis, (now) => {
    if (last !== undefined) show(last, now - startedAt)
  })
  if (isLive) {
    yield* Effect.addFinalizer(() => Effect.sync(() => void output.write(eraseLine)))
    yield* Effect.forkScoped(Effect.schedule(draw, Schedule.spaced("250 millis")))
  } else {
    // A single run may take minutes, so that lines at its beginning alone would look like a process that hangs.
    const intervalMillis = () => Math.max(minLineIntervalMillis, (last?.totalMillis ?? 0) / maxLines)
    const next = Effect.suspend(() => Effect.andThen(Effect.sleep(intervalMillis()), draw))
    yield* Effect.forkScoped(Effect.forever(next))
  }
  return (step) => {
    const isFirst = last === undefined
    last = step
    if (!isFirst) return
    const pace = step.speed === 1 ? "in real time" : `time running ${step.speed} × as fast`
    output.write(`Measuring against the offline mock, ${pace}: about ${roundedText(step.totalMillis)}\n`)
    if (!isLive) show(step, step.doneMillis)
  }
})

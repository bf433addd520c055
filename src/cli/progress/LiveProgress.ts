/** Progress on a terminal: a region that is redrawn many times a second, and the lines that stay at the end. */
import { styleText } from "node:util"
import { Clock, Effect, Schedule, type Scope } from "effect"
import * as RunState from "../../report/RunState.ts"
import type { Style, View } from "./AskLine.ts"
import * as AskTable from "./AskTable.ts"
import type { Progress, ProgressOptions } from "./ProgressOptions.ts"
import * as Screen from "./Screen.ts"
import { StreamedText } from "./StreamedText.ts"
import * as Summary from "./Summary.ts"

/** Between two frames: about 12 frames a second, which looks smooth and is little to send over a slow connection. */
const redrawMillis = 85

/** Draws until the scope closes; then writes the final lines and the summary, and shows the cursor again. */
export const make = Effect.fnUntraced(function* ({
  color,
  foreseenUsd,
  goesOn = () => false,
  notes = () => [],
  output,
  summary
}: ProgressOptions): Effect.fn.Return<Progress, never, Scope.Scope> {
  const state = RunState.make()
  const streamedText = new StreamedText()
  const paint = (style: Style, text: string) => (color ? styleText(style, text, { validateStream: false }) : text)
  const viewAt = (now: number, frame: number): View => ({
    state,
    streamed: (ask) => streamedText.of(ask),
    now,
    frame,
    notes: notes(),
    ...Screen.sizeOf(output),
    paint
  })

  yield* Screen.hideCursor(output)
  const screen = yield* Effect.cached(Screen.load(output))
  let frame = 0
  const draw = Effect.gen(function* () {
    if (state.startedAt === undefined) return
    const { frameLines, render } = yield* screen
    const now = yield* Clock.currentTimeMillis
    render(frameLines(viewAt(now, frame++)))
  })
  const writeFinalLines = Effect.gen(function* () {
    if (state.startedAt === undefined) return
    const { clear, finalRegion } = yield* screen
    const now = yield* Clock.currentTimeMillis
    clear()
    if (goesOn()) return
    const view = viewAt(now, frame)
    const closing = summary ? [...AskTable.lines(state, view.columns), ...Summary.lines(state, foreseenUsd?.())] : []
    output.write(
      finalRegion(view, closing)
        .map((line) => `${line}\n`)
        .join("")
    )
  })
  yield* Effect.addFinalizer(() => Effect.ignoreCause(writeFinalLines))
  // The first frame comes after one interval, so that the first requests are sent before log-update is loaded.
  yield* draw.pipe(Effect.ignoreCause, Effect.schedule(Schedule.spaced(redrawMillis)), Effect.forkScoped)

  return {
    state,
    emit: (event) =>
      Effect.sync(() => {
        state.add(event)
        // The text of a hedge is not shown, so its failure drops none.
        const isFailed = event._tag === "AttemptFailed" && event.hedge !== true
        if (isFailed || event._tag === "Retrying" || event._tag === "Reasked") {
          streamedText.drop(state.of(event))
        }
      }),
    delta: (delta) => streamedText.add(state.of(delta), delta)
  }
})

/** Draws the live region on a terminal with `log-update`, which is loaded when the first frame is drawn. */
import { stripVTControlCharacters } from "node:util"
import { Effect, type Scope } from "effect"
import type { TerminalStream } from "./ProgressOptions.ts"

const hideCursorSequence = "\u001B[?25l"
const showCursorSequence = "\u001B[?25h"
const eraseLineAbove = "\u001B[1A\u001B[2K"

/** Some terminals report 0 columns or rows if they do not know them. */
export const sizeOf = ({ columns, rows }: TerminalStream) => ({ columns: columns || 80, rows: rows || 24 })

/** Hides the cursor until the scope closes. */
export const hideCursor = (output: TerminalStream): Effect.Effect<void, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const showCursor = () => void output.write(showCursorSequence)
      // `process.exit` closes no scope: the cursor is shown then too.
      process.once("exit", showCursor)
      output.write(hideCursorSequence)
      return showCursor
    }),
    (showCursor) =>
      Effect.sync(() => {
        process.off("exit", showCursor)
        showCursor()
      })
  )

/** Loads `log-update` and the lines of a frame; `render` replaces the region, `clear` erases it. */
export const load = Effect.fnUntraced(function* (output: TerminalStream) {
  const { createLogUpdate } = yield* Effect.promise(() => import("log-update"))
  const { finalRegion, frameLines } = yield* Effect.promise(() => import("./LiveRegion.ts"))
  const stream = {
    get columns() {
      return sizeOf(output).columns
    },
    get rows() {
      return sizeOf(output).rows
    },
    isTTY: output.isTTY,
    write: (text: string) => output.write(text)
  }
  // `showCursor: true` leaves the cursor to `hideCursor`: log-update would hide that of `process.stderr`, whatever the stream.
  const update = createLogUpdate(stream as unknown as NodeJS.WritableStream, { showCursor: true })
  let drawn: ReadonlyArray<string> = []
  let columns = stream.columns

  const clear = () => {
    const addedRows = rowsAddedByWrapping(drawn, stream.columns)
    update.clear()
    output.write(eraseLineAbove.repeat(addedRows))
    drawn = []
  }
  const render = (lines: ReadonlyArray<string>) => {
    if (stream.columns < columns) clear()
    columns = stream.columns
    drawn = lines
    update(lines.join("\n"))
  }
  return { clear, finalRegion, frameLines, render }
})

/** When a terminal gets narrower, it wraps the lines on it, which then take more rows than were written. */
const rowsAddedByWrapping = (lines: ReadonlyArray<string>, columns: number): number =>
  lines.reduce((sum, line) => sum + Math.max(0, Math.ceil(stripVTControlCharacters(line).length / columns) - 1), 0)

/** Progress on a terminal: a region that is drawn anew many times a second, and what remains of it at the end. */
import { stripVTControlCharacters, styleText } from "node:util"
import { Clock, Effect, Schedule, type Scope } from "effect"
import type * as Event from "../../claude/Event.ts"
import * as RunState from "../../report/RunState.ts"
import type { Style, View } from "./EntryLine.ts"
import type { Options, Output, Progress } from "./ProgressOptions.ts"
import * as Summary from "./Summary.ts"

/** Between two frames: about twelve a second, smooth enough and cheap over a slow connection. */
const redrawMillis = 85

/** How much of a streamed text is kept, in characters: more than a large terminal shows. */
const tailCharacters = 16_384

const hideCursor = "\u001B[?25l"
const showCursor = "\u001B[?25h"
const eraseLineAbove = "\u001B[1A\u001B[2K"

/** Draws until the scope closes; then the final state stays, the summary follows, and the cursor is given back. */
export const make = Effect.fnUntraced(function* ({
  color,
  foreseenUsd,
  output,
  summary
}: Options): Effect.fn.Return<Progress, never, Scope.Scope> {
  const tally = RunState.make()
  const told = new Set<Readonly<RunState.Entry>>()
  const streams = new Streams()
  const paint = (style: Style, text: string) => (color ? styleText(style, text, { validateStream: false }) : text)
  const viewAt = (now: number, frame: number): View => ({
    tally,
    streamed: (entry) => streams.of(entry),
    now,
    frame,
    ...sizeOf(output),
    paint
  })

  yield* Effect.acquireRelease(
    Effect.sync(() => {
      const giveBack = () => void output.write(showCursor)
      // A process that exits under a running scope must not leave its user without a cursor.
      process.once("exit", giveBack)
      output.write(hideCursor)
      return giveBack
    }),
    (giveBack) =>
      Effect.sync(() => {
        process.off("exit", giveBack)
        giveBack()
      })
  )
  const screen = yield* Effect.cached(load(output))
  let frame = 0
  const draw = Effect.gen(function* () {
    if (tally.startedAt === undefined) return
    const { live, render } = yield* screen
    const now = yield* Clock.currentTimeMillis
    render(live(viewAt(now, frame++)))
  })
  const leave = Effect.gen(function* () {
    if (tally.startedAt === undefined) return
    const { clear, last } = yield* screen
    const now = yield* Clock.currentTimeMillis
    clear()
    const view = viewAt(now, frame)
    const said = summary ? [...Summary.table(tally, view.columns), ...Summary.closing(tally, foreseenUsd)] : []
    const { lines, shown } = last(view, said)
    output.write(lines.map((line) => `${line}\n`).join(""))
    for (const entry of shown) told.add(entry)
  })
  yield* Effect.addFinalizer(() => Effect.ignoreCause(leave))
  // The first frame comes one beat late: the first requests leave before the terminal's library is loaded.
  yield* draw.pipe(Effect.ignoreCause, Effect.schedule(Schedule.spaced(redrawMillis)), Effect.forkScoped)

  return {
    tally,
    told,
    emit: (event) =>
      Effect.sync(() => {
        tally.add(event)
        // What a second copy wrote is not shown.
        const isFailed = event._tag === "AttemptFailed" && event.hedge !== true
        if (isFailed || event._tag === "Retrying" || event._tag === "Reasked") {
          streams.drop(tally.of(event))
        }
      }),
    delta: (delta) => streams.add(tally.of(delta), delta)
  }
})

/** Streamed text, by entry: its length, and its end where it is going to be shown. */
class Streams {
  readonly #streams = new Map<RunState.Entry, { characters: number; tail: string }>()

  of(entry: RunState.Entry) {
    return this.#streams.get(entry)
  }
  drop(entry: RunState.Entry | undefined): void {
    if (entry !== undefined) this.#streams.delete(entry)
  }
  add(entry: RunState.Entry | undefined, { part, text }: Event.Delta): void {
    if (entry === undefined) return
    const stream = this.#streams.get(entry) ?? { characters: 0, tail: "" }
    this.#streams.set(entry, stream)
    stream.characters += text.length
    if (part !== "synthesis") return
    stream.tail += text
    if (stream.tail.length > 2 * tailCharacters) stream.tail = endOf(stream.tail)
  }
}

/** Begins at a line, so that what is shown keeps its line breaks when the beginning is cut off. */
const endOf = (text: string): string => {
  const end = text.slice(-tailCharacters)
  return end.slice(end.indexOf("\n") + 1)
}

/** Some terminals say 0 when they do not know. */
const sizeOf = ({ columns, rows }: Output) => ({ columns: columns || 80, rows: rows || 24 })

/** Loads what draws, and gives the screen. */
const load = Effect.fnUntraced(function* (output: Output) {
  const { createLogUpdate } = yield* Effect.promise(() => import("log-update"))
  const { last, live } = yield* Effect.promise(() => import("./LiveRegion.ts"))
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
  // Its own care for the cursor knows only `process.stderr`.
  const update = createLogUpdate(stream as unknown as NodeJS.WritableStream, { showCursor: true })
  let drawn: ReadonlyArray<string> = []
  let columns = stream.columns

  const clear = () => {
    const above = rowsGained(drawn, stream.columns)
    update.clear()
    output.write(eraseLineAbove.repeat(above))
    drawn = []
  }
  const render = (lines: ReadonlyArray<string>) => {
    if (stream.columns < columns) clear()
    columns = stream.columns
    drawn = lines
    update(lines.join("\n"))
  }
  return { clear, last, live, render }
})

/** A terminal that gets narrower breaks the lines that are there, so that they take more rows than were written. */
const rowsGained = (lines: ReadonlyArray<string>, columns: number): number =>
  lines.reduce((sum, line) => sum + Math.max(0, Math.ceil(stripVTControlCharacters(line).length / columns) - 1), 0)

/** A terminal that understands what `log-update` writes, and nothing else: any other escape sequence is a failure. */
import stringWidth from "string-width"

export class FakeTerminal {
  readonly isTTY = true
  columns: number
  rows: number
  /** All that was written, write by write. */
  readonly writes: Array<string> = []
  isCursorVisible = true
  isStyled = false
  #lines: Array<string> = [""]
  #row = 0
  #isAtStart = true

  constructor(columns: number, rows: number) {
    this.columns = columns
    this.rows = rows
  }

  /** What stands on the screen and above it, without blank lines at the end. */
  get screen(): ReadonlyArray<string> {
    const end = this.#lines.findLastIndex((line) => line !== "")
    return this.#lines.slice(0, end + 1).map((line) => line.trimEnd())
  }

  get widest(): number {
    return Math.max(...this.#lines.map((line) => stringWidth(line)))
  }

  /** Breaks lines that are wider than the new size anew, as most terminals do. */
  resize(columns: number): void {
    this.columns = columns
    const lines = this.#lines.flatMap((line) => line.match(new RegExp(`.{1,${columns}}`, "gu")) ?? [""])
    this.#row += lines.length - this.#lines.length
    this.#lines = lines
  }

  readonly write = (text: string): boolean => {
    this.writes.push(text)
    // oxlint-disable-next-line no-control-regex
    for (const [piece] of text.matchAll(/\u001B\[[?\d;]*[A-Za-z]|\n|[^\u001B\n]+|\u001B/g)) this.#take(piece)
    return true
  }

  #take(piece: string): void {
    if (piece === "\n") return this.#moveTo(this.#row + 1, true)
    if (!piece.startsWith("\u001B")) return this.#print(piece)
    const [, digits = "", letter = ""] = /^.\[([?\d;]*)([A-Za-z])$/.exec(piece) ?? []
    const count = Number(digits || 1)
    const top = Math.max(0, this.#lines.length - this.rows)
    if (letter === "A") return this.#moveTo(Math.max(top, this.#row - count), this.#isAtStart)
    if (letter === "B") return this.#moveTo(this.#row + count, this.#isAtStart)
    if (letter === "G") this.#isAtStart = true
    else if (piece === "\u001B[2K") this.#lines[this.#row] = ""
    else if (digits.startsWith("?25")) this.isCursorVisible = letter === "h"
    else if (letter === "m") this.isStyled = true
    else if (piece !== "\u001B[K" && !digits.startsWith("?2026")) throw new Error(`foreign: ${JSON.stringify(piece)}`)
  }

  #moveTo(row: number, isAtStart: boolean): void {
    this.#row = row
    this.#isAtStart = isAtStart
    while (this.#lines.length <= row) this.#lines.push("")
  }

  #print(text: string): void {
    if (/\p{Cc}/u.test(text)) throw new Error(`foreign: ${JSON.stringify(text)}`)
    this.#lines[this.#row] = this.#isAtStart ? text : `${this.#lines[this.#row]}${text}`
    this.#isAtStart = false
  }
}

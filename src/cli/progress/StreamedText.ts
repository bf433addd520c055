/** The text streamed so far for each ask: its length, and for the synthesis also its last part. */
import type * as Event from "../../claude/Event.ts"
import type { AskState } from "../../report/AskState.ts"

/** Characters of a streamed text that are kept: more than a large terminal shows. */
const tailCharacters = 16_384

export class StreamedText {
  readonly #streams = new Map<AskState, { characters: number; tail: string }>()

  of(ask: AskState) {
    return this.#streams.get(ask)
  }
  /** Forgets the text of an attempt that failed. */
  drop(ask: AskState | undefined): void {
    if (ask !== undefined) this.#streams.delete(ask)
  }
  add(ask: AskState | undefined, { part, text }: Event.Delta): void {
    if (ask === undefined) return
    const stream = this.#streams.get(ask) ?? { characters: 0, tail: "" }
    this.#streams.set(ask, stream)
    stream.characters += text.length
    if (part !== "synthesis") return
    stream.tail += text
    if (stream.tail.length > 2 * tailCharacters) stream.tail = endOf(stream.tail)
  }
}

/** Cuts at a line break, so that the breaks of the rest do not move. */
const endOf = (text: string): string => {
  const end = text.slice(-tailCharacters)
  return end.slice(end.indexOf("\n") + 1)
}

/** The text of a response's body, which arrives whole or in pieces. */
import { Result } from "effect"
import { AskError, BrokenStream } from "../AskError.ts"

/**
 * Decodes the bytes of a body. JSON and event streams are UTF-8, and servers that send them so may declare another charset all the
 * same: the declared one counts from the first bytes on that are no UTF-8.
 */
export class BodyText {
  /** Some bytes are none of the charset; U+FFFD stands for them in the text. */
  isDamaged = false
  #decoder: TextDecoder
  /** The declared charset, until it is used. */
  #declared: string | undefined
  /** The bytes of a character that is not complete, which the decoder holds. */
  #incomplete: Uint8Array = none

  constructor(contentType: string) {
    const declared = charsetOf(contentType)
    const isOnlyDeclared = /^(?:utf-16|iso-2022)/.test(declared)
    this.#decoder = new TextDecoder(isOnlyDeclared ? declared : "utf-8", { fatal: true })
    this.#declared = declared === this.#decoder.encoding ? undefined : declared
  }

  /** The text of the next bytes. `isLast`: there are no more. */
  decode(bytes: Uint8Array, isLast = false): string {
    const options = { stream: !isLast }
    const text = this.isDamaged
      ? Result.succeed(this.#decoder.decode(bytes, options))
      : Result.try(() => this.#decoder.decode(bytes, options))
    if (Result.isSuccess(text)) {
      if (this.#declared !== undefined) this.#incomplete = incompleteEnd(joined(this.#incomplete, bytes))
      return text.success
    }
    const all = joined(this.#incomplete, bytes)
    this.isDamaged = this.#declared === undefined
    this.#decoder = new TextDecoder(this.#declared ?? this.#decoder.encoding, { fatal: !this.isDamaged })
    this.#declared = undefined
    this.#incomplete = none
    return this.decode(all, isLast)
  }
}

/** The error of a reply that was read from such a body. */
export const damaged = (): AskError =>
  new AskError({
    reason: new BrokenStream({ detail: "some of its bytes are no text in UTF-8 or the charset it declares" })
  })

const none = new Uint8Array()

/** The name of the charset that a content type declares; UTF-8 where it declares none, or one that is not known. */
const charsetOf = (contentType: string): string => {
  const label = /;\s*charset\s*=\s*["']?([^\s"';,]+)/i.exec(contentType)?.[1]
  if (label === undefined) return "utf-8"
  return Result.getOrElse(
    Result.try(() => new TextDecoder(label).encoding),
    () => "utf-8"
  )
}

const joined = (first: Uint8Array, second: Uint8Array): Uint8Array => {
  if (first.length === 0) return second
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}

/** The first bytes of a character of UTF-8, of 2 to 4 bytes, that the text ends with. */
const incompleteEnd = (bytes: Uint8Array): Uint8Array => {
  for (let length = 1; length <= 3 && length <= bytes.length; length++) {
    const byte = bytes[bytes.length - length]!
    if (byte < 0x80) return none
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 0
    if (needed > 0) return needed > length ? bytes.slice(-length) : none
  }
  return none
}

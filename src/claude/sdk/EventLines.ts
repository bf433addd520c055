/** The lines of an event stream, with those mended that a parser of the standard would ignore, and their text with them. */

/** A line that is no field as the standard spells it, no comment, and not empty. */
const malformed = /(?:^|[\r\n])(?![\r\n]|$|:|(?:data|event|id|retry)(?:[:\r\n]|$))/

/** A field in capitals, or with blanks around its name. */
const field = /(^|[\r\n])[ \t]*(data|event)[ \t]*:/gi

const inLowerCase = (_line: string, before: string, name: string): string => `${before}${name.toLowerCase()}:`

/** A field of an event, as the standard spells it. */
const knownField = /(?:^|[\r\n])(?:data|event):/

/** JSON without the name of its field. */
const bareJson = /(^|[\r\n])[ \t]*(?=\{)/g

export class EventLines {
  /** The line that has not ended. */
  #rest = ""
  /** A field has come; before it, a line of JSON may be the whole body. */
  #hasFields = false

  /** Takes the next piece of the text, and gives the lines that are complete. */
  next(text: string): string {
    const end = Math.max(text.lastIndexOf("\n"), text.lastIndexOf("\r")) + 1
    if (end === 0) {
      this.#rest += text
      return ""
    }
    const lines = this.#rest + text.slice(0, end)
    this.#rest = text.slice(end)
    const isMalformed = malformed.test(lines)
    const named = isMalformed ? lines.replace(field, inLowerCase) : lines
    const fieldsAt = this.#hasFields ? 0 : named.search(knownField)
    if (fieldsAt < 0) return named
    this.#hasFields = true
    return isMalformed ? named.slice(0, fieldsAt) + named.slice(fieldsAt).replace(bareJson, "$1data:") : named
  }

  get restLength(): number {
    return this.#rest.length
  }
}

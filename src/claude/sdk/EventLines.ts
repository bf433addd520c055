/** The lines of an event stream, with those mended that a parser of the standard would ignore, and their text with them. */

/** A line that is no field as the standard spells it, no comment, and not empty. */
const malformed = /(?:^|[\r\n])(?![\r\n]|$|:|(?:data|event|id|retry)(?:[:\r\n]|$))/

/** A field in capitals, or with blanks around its name. */
const field = /(^|[\r\n])[ \t]*(data|event)[ \t]*:/gi

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
    const mended = malformed.test(lines) ? this.#mended(lines) : lines
    this.#hasFields ||= /(?:^|[\r\n])(?:data|event):/.test(mended)
    return mended
  }

  #mended(lines: string): string {
    const named = lines.replace(field, (_line, before: string, name: string) => `${before}${name.toLowerCase()}:`)
    const hasFields = this.#hasFields || /^\s*(?:data|event):/.test(named)
    return hasFields ? named.replace(bareJson, "$1data:") : named
  }

  get restLength(): number {
    return this.#rest.length
  }
}

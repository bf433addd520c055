/** Writes the syntax of Python, Ruby, PCRE and Java in regular expressions as JavaScript has it. */
import { shown } from "./AnswerNode.ts"

/** POSIX's classes, which stand within brackets. */
const classes: Readonly<Record<string, string>> = {
  alpha: "A-Za-z",
  digit: "0-9",
  alnum: "A-Za-z0-9",
  upper: "A-Z",
  lower: "a-z",
  xdigit: "0-9A-Fa-f",
  word: "A-Za-z0-9_",
  space: "\\s",
  blank: " \\t",
  punct: "!-\\/:-@\\[-`\\{-~",
  cntrl: "\\x00-\\x1f\\x7f",
  print: "\\x20-\\x7e",
  graph: "\\x21-\\x7e"
}

/** Escapes of letters and digits that mean the same here as elsewhere. */
const sharedEscapes = "bBdDwWsStnrvfxucpPk0123456789"

/** What stands for escapes that only others have. */
const anchors: Readonly<Record<string, string>> = { A: "(?<![\\s\\S])", Z: "(?![\\s\\S])", z: "(?![\\s\\S])" }

const instead: Readonly<Record<string, string>> = {
  h: "write [0-9A-Fa-f] or [ \\t]",
  H: "write [^0-9A-Fa-f] or [^ \\t]",
  R: "write \\r?\\n",
  N: "write [^\\n]",
  K: "write (?<=…) around what stands before it",
  G: "leave it out",
  Q: "write a backslash before each special character instead of \\Q…\\E",
  E: "write a backslash before each special character instead of \\Q…\\E",
  e: "write \\x1b",
  a: "write \\x07",
  X: "write .",
  U: "write \\u{…}",
  i: "write [\\p{L}_:]",
  g: "write \\1 or \\k<name>"
}

/** Writes an expression so that it compiles with the flag `u`, or `v` where it has sets, with the same meaning. */
export class Translation {
  readonly #pattern: string
  #at = 0
  #hasOpenBracket = false
  problem: string | undefined
  /** Whether classes have operators, as `[a-z&&[^b]]`, for which JavaScript has the flag `v`. */
  readonly hasSets: boolean

  constructor(pattern: string) {
    this.#pattern = pattern
    this.hasSets = /\[.*(?:&&|--)\[/s.test(pattern)
  }

  run(): string {
    if (this.hasSets) return this.#pattern
    let text = ""
    while (this.#at < this.#pattern.length && this.problem === undefined) text += this.#next()
    return text
  }

  #take(length: number): string {
    const taken = this.#pattern.slice(this.#at, this.#at + length)
    this.#at += length
    return taken
  }

  #matches(expression: RegExp): RegExpExecArray | undefined {
    return expression.exec(this.#pattern.slice(this.#at, this.#at + 200)) ?? undefined
  }

  #next(): string {
    const character = this.#pattern[this.#at]
    if (character === "\\") return this.#escape(false)
    if (character === "[") return this.#class()
    if (character === "]") {
      if (this.#hasOpenBracket) this.problem = `${shown(this.#pattern)}: write \\[ and \\] for brackets within a class`
      this.#at += 1
      return "\\]"
    }
    if (character === "}") return `\\${this.#take(1)}`
    if (character === "{") return this.#brace()
    const named = this.#matches(/^\(\?P<(?=[A-Za-z_])/)
    if (named !== undefined) {
      this.#take(4)
      return "(?<"
    }
    const [reference, name] = this.#matches(/^\(\?P=(\w+)\)/) ?? []
    if (reference !== undefined) {
      this.#take(reference.length)
      return `\\k<${name}>`
    }
    return this.#take(1)
  }

  /** A brace is a quantifier or itself; `{,3}` is a quantifier in Python, and itself in JavaScript. */
  #brace(): string {
    const [quantifier] = this.#matches(/^\{\d+(?:,\d*)?\}/) ?? []
    if (quantifier !== undefined) return this.#take(quantifier.length)
    const [open] = this.#matches(/^\{,\d+\}/) ?? []
    if (open !== undefined) this.problem = `${shown(this.#pattern)}: write {0${open.slice(1)} for ${open}`
    return `\\${this.#take(1)}`
  }

  #escape(isInClass: boolean): string {
    const escaped = this.#pattern[this.#at + 1] ?? ""
    const anchor = anchors[escaped]
    if (anchor !== undefined && !isInClass) {
      this.#take(2)
      return anchor
    }
    const [short, letter] = this.#matches(/^\\[pP]([A-Z])/) ?? []
    if (short !== undefined) return `${this.#take(3).slice(0, 2)}{${letter}}`
    const [wide, digits] = this.#matches(/^\\x\{([0-9A-Fa-f]+)\}/) ?? []
    if (wide !== undefined) {
      this.#take(wide.length)
      return `\\u{${digits}}`
    }
    const [braced] = this.#matches(/^\\(?:[pP]|u|k(?=<))(?:\{[^}]*\}|<[^>]*>)/) ?? []
    if (braced !== undefined) return this.#take(braced.length)
    if (/[A-Za-z0-9]/.test(escaped)) {
      if (!sharedEscapes.includes(escaped)) {
        const advice = instead[escaped] === undefined ? "write the character itself" : instead[escaped]
        this.problem = `JavaScript's regular expressions have no \\${escaped}: ${advice}`
      }
      return this.#take(2)
    }
    // `\-`, `\_` and the like: with the flag `u` only characters of the syntax may be escaped.
    const isSyntax = "^$\\.*+?()[]{}|/".includes(escaped) || (isInClass && escaped === "-")
    return isSyntax ? this.#take(2) : this.#take(2).slice(1)
  }

  #class(): string {
    const [open] = this.#matches(/^\[\^?/)!
    let text = this.#take(open.length)
    let last = ""
    if (this.#pattern[this.#at] === "]") {
      if (open === "[")
        this.problem = `${shown(this.#pattern)}: no character fits []; write \\] for a bracket in a class`
      else this.#hasOpenBracket = true
    }
    while (this.#at < this.#pattern.length && this.problem === undefined) {
      const [posix, name] = this.#matches(/^\[:(\^?\w+):\]/) ?? []
      if (posix !== undefined) {
        const members = classes[name!]
        if (members === undefined)
          this.problem = `JavaScript's regular expressions have no ${posix}: list its characters`
        this.#take(posix.length)
        last = members ?? ""
        text += last
      } else if (this.#pattern[this.#at] === "]") {
        return text + this.#take(1)
      } else {
        last = this.#member(last)
        text += last
      }
    }
    return text
  }

  /** `last` is the member before, of which a class has none at its beginning. */
  #member(last: string): string {
    const character = this.#pattern[this.#at]
    if (character === "\\") return this.#escape(true)
    if (character === "[") {
      this.#hasOpenBracket = true
      return `\\${this.#take(1)}`
    }
    // Beside a class such as `\w`, a hyphen is itself, which the flag `u` wants escaped.
    const isAfterClass = /^\\[dDwWsSpP]/.test(last) || Object.values(classes).includes(last)
    const isItself = isAfterClass || this.#matches(/^-\\[dDwWsSpP]/) !== undefined
    return character === "-" && isItself ? `\\${this.#take(1)}` : this.#take(1)
  }
}

/** Text with variables: `{city}` stands for the value of `city`, `{{` and `}}` for braces. */
import { distance } from "fastest-levenshtein"

/** The values of variables, by name. */
export type Values = Readonly<Record<string, string>>

/** A text that was read once and is filled many times. */
export interface Template {
  /** The variables that it names, each once. */
  readonly names: ReadonlySet<string>
  /** The text with the values; each of `names` must be among them. */
  readonly textWith: (values: Values) => string
  /** What is wrong with its braces, a line each. */
  readonly problems: ReadonlyArray<string>
}

/** `{{`, `}}`, `{name}`, or a brace alone. */
const part = /\{\{|\}\}|\{([^{}\n]*)\}|[{}]/g

/** Reads a text with variables. */
export const parse = (text: string): Template => {
  const names = new Set<string>()
  const problems: Array<string> = []
  const literals: Array<string> = []
  const used: Array<string> = []
  let literal = ""
  let end = 0
  for (const found of text.matchAll(part)) {
    const [whole, inner] = found
    literal += text.slice(end, found.index)
    end = found.index + whole.length
    const name = inner?.trim() ?? ""
    if (whole === "{{") literal += "{"
    else if (whole === "}}") literal += "}"
    else if (name === "")
      problems.push(`${whole} ${placeOf(text, found.index)} names no variable: write {{ and }} for braces`)
    else {
      names.add(name)
      used.push(name)
      literals.push(literal)
      literal = ""
    }
  }
  literals.push(literal + text.slice(end))
  const textWith = (values: Values): string => {
    let filled = literals[0] ?? ""
    for (let index = 0; index < used.length; index++)
      filled += `${values[used[index]!] ?? ""}${literals[index + 1] ?? ""}`
    return filled
  }
  return { names, problems, textWith }
}

/** The place in a text of several lines; in a short one everybody sees it. */
const placeOf = (text: string, offset: number): string => {
  const before = text.slice(0, offset)
  const column = offset - before.lastIndexOf("\n")
  return text.includes("\n")
    ? `(line ${before.split("\n").length} of the text, column ${column})`
    : `(character ${column})`
}

/** Only so many names are listed where none is near. */
const maxListed = 8

/** `{citty} names no variable; near: city`, or the names there are. */
export const unknownText = (name: string, known: Iterable<string>): string => {
  const names = [...known]
  const limit = Math.max(1, Math.floor(name.length / 3))
  const near = names.filter((each) => distance(each.toLowerCase(), name.toLowerCase()) <= limit)
  const listed = names.length > maxListed ? [...names.slice(0, maxListed), "…"] : names
  const there =
    near.length > 0 ? `; near: ${near.join(", ")}` : names.length > 0 ? `; there are ${listed.join(", ")}` : ""
  const isCode = /["':,]/.test(name)
  return `{${name}} names no variable${isCode ? ": write {{ and }} for braces" : there}`
}

/** The problems of a text whose variables must be among `known`. */
export const problemsOf = ({ names, problems }: Template, known: ReadonlySet<string>): ReadonlyArray<string> => [
  ...problems,
  ...Array.from(names).flatMap((name) => (known.has(name) ? [] : [unknownText(name, known)]))
]

/** `{{city}}`, as other tools write a variable: here it is the text `{city}`. */
export const doubledText = (text: string, known: ReadonlySet<string>): string | undefined => {
  for (const [, name = ""] of text.matchAll(/\{\{([^{}\n]*)\}\}/g)) {
    if (known.has(name.trim())) return `{{${name}}} is the text {${name}}: the variable is {${name.trim()}}`
  }
  return undefined
}

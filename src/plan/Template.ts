/** Text with variables: `{city}` stands for the value of `city`, `{{` and `}}` for braces. */
import { Result } from "effect"
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

/** Takes every `{…}` for a variable. */
const always = (): boolean => true

/**
 * Reads a text with variables. `isName` is for texts that were not written for this, such as JSON in a prompt: braces around what is no
 * name are text then, and so are braces alone.
 */
export const parse = (text: string, isName: (content: string) => boolean = always): Template => {
  const names = new Set<string>()
  const problems: Array<string> = []
  const literals: Array<string> = []
  const used: Array<string> = []
  /** Whether each brace that is open is a `{{`: in `{"a": {"b": {}}}` the `}}` closes two that are none. */
  const open: Array<boolean> = []
  const braces = new RegExp(part)
  let literal = ""
  let end = 0
  for (let found = braces.exec(text); found !== null; found = braces.exec(text)) {
    const [whole, inner] = found
    literal += text.slice(end, found.index)
    const name = inner?.trim() ?? ""
    const isVariable = name !== "" && isName(name)
    if (whole === "{{" || whole === "}}") {
      const isOne = whole === "}}" && open.pop() === false
      literal += whole[0]
      if (isOne) braces.lastIndex--
      else if (whole === "{{") open.push(true)
    } else if (isVariable) {
      names.add(name)
      used.push(name)
      literals.push(literal)
      literal = ""
    } else if (isName === always)
      problems.push(`${whole} ${placeOf(text, found.index)} names no variable: write {{ and }} for braces`)
    else {
      literal += whole
      if (whole === "{") open.push(false)
      else if (whole === "}") open.pop()
    }
    end = braces.lastIndex
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

/** What may be the name of a variable, as the content of JSON or of a formula is not. */
const nameShape = /^[\p{L}_][\p{L}\p{N}_ -]*$/u

/** A question that a file brings, with the values in the place of its variables; fails with what its first `{name}` is that names none. */
export const fillForeign = (text: string, values: Values): Result.Result<string, string> => {
  if (!text.includes("{") && !text.includes("}")) return Result.succeed(text)
  const template = parse(text, (content) => Object.hasOwn(values, content) || nameShape.test(content))
  const unknown = Array.from(template.names).find((name) => !Object.hasOwn(values, name))
  return unknown === undefined
    ? Result.succeed(template.textWith(values))
    : Result.fail(`${unknownText(unknown, Object.keys(values))}; write {{ and }} for braces`)
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

/** The letters of a name in one order, which are those of a name with two that changed places. */
const lettersOf = (name: string): string => [...name.toLowerCase()].toSorted().join("")

/** `{citty} names no variable; near: city`, or the names there are. */
export const unknownText = (name: string, known: Iterable<string>): string => {
  const names = [...known]
  const limit = Math.max(1, Math.floor(name.length / 3))
  const near = names.filter(
    (each) => distance(each.toLowerCase(), name.toLowerCase()) <= limit || lettersOf(each) === lettersOf(name)
  )
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

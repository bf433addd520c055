/** Makes a short text that matches a regular expression, for patterns of characters, classes, groups and repetitions. */

/** The position in a pattern, which the readers below move on. */
interface Cursor {
  readonly source: string
  at: number
}

const classes: Readonly<Record<string, string>> = { d: "0", w: "a", s: " ", D: "a", W: "-", S: "a" }

const escaped = (cursor: Cursor): string => {
  const name = cursor.source[cursor.at++] ?? ""
  return classes[name] ?? (name === "b" || name === "B" ? "" : name)
}

/** Reads a class behind its bracket, and gives one of its characters; of a negated one, a character that is not in it. */
const oneOf = (cursor: Cursor): string => {
  const end = cursor.source.indexOf("]", cursor.at + 1)
  const body = cursor.source.slice(cursor.at, end < 0 ? undefined : end)
  cursor.at = end < 0 ? cursor.source.length : end + 1
  const tester = new RegExp(`[${body}]`)
  const preferred = `aA0-_ .${body}`
  return [...preferred, ...Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index))].find(
    (character) => tester.test(character)
  )!
}

/** Reads a quantifier, and gives the fewest repetitions. */
const repetitions = (cursor: Cursor): number => {
  const found = /^(?:\{(\d+)(?:,\d*)?\}|[?*+])\??/.exec(cursor.source.slice(cursor.at))
  if (found === null) return 1
  cursor.at += found[0].length
  if (found[1] !== undefined) return Number(found[1])
  return found[0].startsWith("+") ? 1 : 0
}

const atom = (cursor: Cursor): string => {
  const character = cursor.source[cursor.at++]!
  if (character === "\\") return escaped(cursor)
  if (character === "[") return oneOf(cursor)
  if (character === ".") return "a"
  if (character === "^" || character === "$") return ""
  if (character !== "(") return character
  const prefix = /^\?(?::|<\w+>)/.exec(cursor.source.slice(cursor.at))
  cursor.at += prefix?.[0].length ?? 0
  const text = alternatives(cursor)
  cursor.at++
  return text
}

/** Reads up to the end of a group, and gives the text of its first alternative. */
const alternatives = (cursor: Cursor): string => {
  const texts = [""]
  while (cursor.at < cursor.source.length && cursor.source[cursor.at] !== ")") {
    if (cursor.source[cursor.at] === "|") {
      cursor.at++
      texts.push("")
      continue
    }
    const text = atom(cursor)
    texts[texts.length - 1] += text.repeat(repetitions(cursor))
  }
  return texts[0]!
}

/** Gives a text that matches; undefined if the pattern is no regular expression, or has parts that are not read here. */
export const matching = (pattern: string): string | undefined => {
  try {
    const text = alternatives({ source: pattern, at: 0 })
    return new RegExp(pattern, "u").test(text) ? text : undefined
  } catch {
    return undefined
  }
}

/** Regular expressions of schemas, written for JavaScript, Python, Ruby, PCRE or Java, as JavaScript has them. */
import { Result } from "effect"
import { shown } from "./AnswerNode.ts"
import { Translation } from "./PatternTranslation.ts"

/** An expression, or what is wrong with its text and what to write instead. */
export type Compiled = { readonly expression: RegExp } | { readonly problem: string }

const compiled = new Map<string, Compiled>()
const maxCompiled = 1000

/** Compiles the pattern of a schema. Patterns that JavaScript would read in another way than their author are problems. */
export const compile = (pattern: string): Compiled => {
  const known = compiled.get(pattern)
  if (known !== undefined) return known
  const result = compilationOf(pattern)
  if (compiled.size >= maxCompiled) compiled.clear()
  compiled.set(pattern, result)
  return result
}

/** The expression of a pattern; `undefined` where it has none. */
export const expressionOf = (pattern: string): RegExp | undefined => {
  const result = compile(pattern)
  return "expression" in result ? result.expression : undefined
}

/** Flags before the expression, as in `(?i)^a`. `u` is always on. */
const leading = /^(\^|\\A)?\(\?([a-z]+)\)/

const compilationOf = (pattern: string): Compiled => {
  const [prefix = "", anchor = "", letters = ""] = leading.exec(pattern) ?? []
  const flags = [...new Set(letters)].filter((letter) => letter !== "u")
  const unknown = flags.find((flag) => !"ims".includes(flag))
  if (unknown !== undefined) {
    return {
      problem: `(?${letters}) has the flag ${unknown}, which JavaScript does not have: write the pattern without it`
    }
  }
  if (/^\/\^.*\/[a-z]*$/s.test(pattern)) {
    return { problem: `no text fits ${shown(pattern)}: write the regular expression without the slashes around it` }
  }
  const translation = new Translation(anchor + pattern.slice(prefix.length))
  const text = translation.run()
  if (translation.problem !== undefined) return { problem: translation.problem }
  const expression = Result.try(() => new RegExp(text, `${flags.join("")}${translation.hasSets ? "v" : "u"}`))
  if (Result.isSuccess(expression)) return { expression: expression.success }
  return { problem: `expected a regular expression, got ${shown(pattern)}${hintOf(pattern)}` }
}

/** What to write instead of what JavaScript's expressions do not have. */
const hints: ReadonlyArray<readonly [found: RegExp, advice: string]> = [
  [/[*+?}]\+/, "JavaScript has no possessive quantifiers: write * for *+, + for ++"],
  [/\(\?>/, "JavaScript has no atomic groups: write (?: for (?>"],
  [/\(\?#/, "JavaScript has no comments in expressions: leave (?#…) out"],
  [/\(\?\(/, "JavaScript has no conditions in expressions: write both cases with |"],
  [/\(\?[RP&0-9]/, "JavaScript has no recursion in expressions"],
  [/\(\?[a-z]+\)/i, "flags such as (?i) stand at the beginning of the pattern"],
  [/&&|--\[/, "JavaScript writes it [[a-z]&&[^aeiou]], or [[a-z]--[aeiou]]"],
  [/\(\?[a-z]*-?[a-z]+:/i, "write (?: for a group with flags"],
  [/\\[pP]\{/, "JavaScript names a script \\p{Script=Greek}, and a category \\p{L} or \\p{Lu}"]
]

const hintOf = (pattern: string): string => {
  const hint = hints.find(([found]) => found.test(pattern))
  return hint === undefined ? "" : `: ${hint[1]}`
}

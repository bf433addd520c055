/** Finds text in a schema that no request can carry: halves of surrogate pairs. */
import { isList, type Path, type Problem } from "./AnswerNode.ts"

const half = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/

const messageOf = (text: string, what: string): ReadonlyArray<string> => {
  const [found] = text.isWellFormed() ? [] : (half.exec(text) ?? [])
  if (found === undefined) return []
  const code = found.charCodeAt(0).toString(16).toUpperCase()
  return [`${what} has half of a character (U+${code}, a surrogate without its other half): write the whole character`]
}

/** The damaged texts of a document, in keys and values. */
export const damageIn = (document: unknown): ReadonlyArray<Problem> => {
  const problems: Array<Problem> = []
  const seen = new Set<unknown>()
  const visit = (part: unknown, path: Path): void => {
    if (typeof part === "string") problems.push(...messageOf(part, "this text").map((message) => ({ path, message })))
    if (typeof part !== "object" || part === null || seen.has(part)) return
    seen.add(part)
    for (const [key, item] of Object.entries(part)) {
      const at = [...path, isList(part) ? Number(key) : key.toWellFormed()]
      problems.push(...messageOf(key, "this key").map((message) => ({ path: at, message })))
      visit(item, at)
    }
  }
  visit(document, [])
  return problems
}

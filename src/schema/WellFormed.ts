/** Finds text in a schema that no request can carry: halves of surrogate pairs. */
import { isList, type Path, type Problem } from "./AnswerNode.ts"

const half = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/

/** What a text has that is not well-formed, in words that follow its name. */
export const halfIn = (text: string): string | undefined => {
  const [found] = text.isWellFormed() ? [] : (half.exec(text) ?? [])
  if (found === undefined) return undefined
  const code = found.charCodeAt(0).toString(16).toUpperCase()
  return `has half of a character (U+${code}, a surrogate without its other half)`
}

/** The damaged texts of a document, in keys and values. */
export const damageIn = (document: unknown): ReadonlyArray<Problem> => {
  const problems: Array<Problem> = []
  const seen = new Set<unknown>()
  const report = (text: string, what: string, path: Path): void => {
    const found = halfIn(text)
    if (found !== undefined) problems.push({ path, message: `${what} ${found}: write the whole character` })
  }
  const visit = (part: unknown, path: Path): void => {
    if (typeof part === "string") report(part, "this text", path)
    if (typeof part !== "object" || part === null || seen.has(part)) return
    seen.add(part)
    for (const [key, item] of Object.entries(part)) {
      const at = [...path, isList(part) ? Number(key) : key.toWellFormed()]
      report(key, "this key", at)
      visit(item, at)
    }
  }
  visit(document, [])
  return problems
}

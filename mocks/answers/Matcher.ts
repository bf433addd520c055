/** Selects the requests that a reply or a fault applies to. */
import type { Part, Prompt } from "./Prompt.ts"

/** A substring in any case, a string `/regular expression/flags`, or a RegExp. */
export type Pattern = string | RegExp

/**
 * All given conditions must hold; a comparison is matched by `part: "comparison"` alone. `user` is searched for in the last user turn (with `part: "synthesis"`, in the instruction
 * without the findings), `system` in the system prompt. `nth` (from 1) counts the arrivals that match the other conditions.
 */
export interface Matcher {
  readonly user?: Pattern
  readonly system?: Pattern
  readonly model?: Pattern
  readonly part?: Part
  readonly nth?: number
}

const literal = /^\/(.+)\/([dgimsuvy]*)$/s

const search = (pattern: Pattern | undefined): ((text: string) => boolean) => {
  if (pattern === undefined) return () => true
  const source = typeof pattern === "string" ? literal.exec(pattern) : null
  if (typeof pattern === "string" && source === null) {
    const wanted = pattern.toLowerCase()
    return (text) => text.toLowerCase().includes(wanted)
  }
  // A sticky or global expression would keep its `lastIndex` between requests.
  const flags = (typeof pattern === "string" ? source![2]! : pattern.flags).replaceAll(/[gy]/g, "")
  const expression = new RegExp(typeof pattern === "string" ? source![1]! : pattern.source, flags)
  return (text) => expression.test(text)
}

/** Compiles a matcher to a function that counts its matches for `nth`; each rule needs one of its own. */
export const compile = (matcher: Matcher): ((prompt: Prompt) => boolean) => {
  const user = search(matcher.user)
  const system = search(matcher.system)
  const model = search(matcher.model)
  let count = 0
  return (prompt) => {
    const matches =
      // A comparison has the questions and answers of all others in it.
      (matcher.part ?? (prompt.part === "comparison" ? "ask" : prompt.part)) === prompt.part &&
      user(matcher.part === "synthesis" || matcher.part === "comparison" ? prompt.instruction : prompt.user) &&
      system(prompt.system) &&
      model(prompt.model)
    if (!matches) return false
    count++
    return matcher.nth === undefined || matcher.nth === count
  }
}

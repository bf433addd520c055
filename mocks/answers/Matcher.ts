/** Says which requests a reply or a fault is for. */
import type { Prompt } from "./Prompt.ts"

/** A text to find: a substring (any case), `/regular expression/flags` as a string, or a RegExp. */
export type Pattern = string | RegExp

/**
 * All given parts must hold. `user` looks at the last user turn, `system` at the system prompt; `part` tells an ask from a
 * synthesis, whose `user` is then its instruction alone; `nth` (from 1) counts the requests that match the rest, as they arrive.
 */
export interface Matcher {
  readonly user?: Pattern
  readonly system?: Pattern
  readonly model?: Pattern
  readonly part?: "ask" | "synthesis"
  readonly nth?: number
}

const literal = /^\/(.+)\/([dgimsuvy]*)$/s

const finds = (pattern: Pattern | undefined): ((text: string) => boolean) => {
  if (pattern === undefined) return () => true
  const source = typeof pattern === "string" ? literal.exec(pattern) : null
  if (typeof pattern === "string" && source === null) {
    const wanted = pattern.toLowerCase()
    return (text) => text.toLowerCase().includes(wanted)
  }
  // A sticky or global expression would remember its last hit between requests.
  const flags = (typeof pattern === "string" ? source![2]! : pattern.flags).replaceAll(/[gy]/g, "")
  const expression = new RegExp(typeof pattern === "string" ? source![1]! : pattern.source, flags)
  return (text) => expression.test(text)
}

/** Compiles a matcher. The result counts its matches, so one compiled matcher serves one rule. */
export const compile = (matcher: Matcher): ((prompt: Prompt) => boolean) => {
  const user = finds(matcher.user)
  const system = finds(matcher.system)
  const model = finds(matcher.model)
  let count = 0
  return (prompt) => {
    const matches =
      (matcher.part === undefined || matcher.part === prompt.part) &&
      user(matcher.part === "synthesis" ? prompt.instruction : prompt.user) &&
      system(prompt.system) &&
      model(prompt.model)
    if (!matches) return false
    count++
    return matcher.nth === undefined || matcher.nth === count
  }
}

/** Reads from `usage.iterations` which model answered after a fallback of the API, and what the models before it used. */
import { Predicate } from "effect"
import { canonicalOf } from "../ModelInfo.ts"
import { addUsage, type Declined, type Reply } from "../Message.ts"
import { countsOf, usageOf } from "./UsageCounts.ts"

/** The tries that the API's `usage` lists; `undefined` where it lists none. */
export const iterationsOf = (usage: unknown): unknown => (Predicate.isObject(usage) ? usage["iterations"] : undefined)

/**
 * The reply with the model that answered, the models that declined, and the usage of all, as the API's own usage leaves theirs
 * out. An entry `fallback_message` marks a fallback; entries of another model than the last of these are of models that declined.
 */
export const withFallback = (reply: Reply, iterations: unknown): Reply => {
  if (!Array.isArray(iterations)) return reply
  const entries = (iterations as ReadonlyArray<unknown>).flatMap((entry) => {
    if (!Predicate.isObject(entry)) return []
    const { model, type } = entry as { readonly model?: unknown; readonly type?: unknown }
    return typeof model === "string" ? [{ model, type, usage: usageOf(countsOf(entry)) }] : []
  })
  const last = entries.findLast(({ type }) => type === "fallback_message")
  if (last === undefined) return reply
  const model = canonicalOf(last.model)
  const declined = entries.flatMap((entry): ReadonlyArray<Declined> => {
    const isAsked = entry.type === "message" || entry.type === "fallback_message"
    return isAsked && canonicalOf(entry.model) !== model ? [{ model: entry.model, usage: entry.usage }] : []
  })
  const usage = declined.reduce((sum, part) => addUsage(sum, part.usage), reply.usage)
  return { ...reply, model: last.model, usage, ...(declined.length > 0 && { declined }) }
}

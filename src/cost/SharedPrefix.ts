/** What a request shares with its siblings, and pays once for all where one of them begins before the others leave. */
import { charactersPerToken } from "./TokenCount.ts"
import type { Request } from "../claude/Message.ts"

/**
 * `Context`: the beginning of the request is read from the prompt cache. `Schema`: its answer schema is compiled. Requests
 * with the same `context` and `cacheKey` share it.
 */
export type Prefix =
  | { readonly _tag: "Context"; readonly context: string; readonly cacheKey: string; readonly tokens: number }
  | { readonly _tag: "Schema"; readonly context: ""; readonly cacheKey: string }
  | { readonly _tag: "Nothing" }

/** A cache entry lives for five minutes from the start of the latest request that used it; a compiled schema for a day. */
export const lifeMillis = { Context: 5 * 60_000, Schema: 24 * 60 * 60_000 }

/** Shortest prefix that the API caches, in tokens; for an unknown model the largest of those documented. */
export const minimumTokensOf = (model: string): number =>
  model.startsWith("claude-haiku-5-5") || model.startsWith("claude-opus-5-5") ? 512 : 1024

/** Tokens of a context, by its length. */
export const tokensOf = (context: string): number => Math.ceil(context.length / charactersPerToken)

/** Another model, effort, answer schema or other tools make another prefix, as the API's cache is built on them. */
export const prefixOf = ({ answerSchema, context, effort, model, tools }: Request): Prefix => {
  if (context !== undefined) {
    const tokens = tokensOf(context)
    if (tokens >= minimumTokensOf(model)) {
      return { _tag: "Context", context, cacheKey: JSON.stringify([model, tools, effort, answerSchema]), tokens }
    }
  }
  return answerSchema === undefined
    ? nothing
    : { _tag: "Schema", context: "", cacheKey: JSON.stringify([model, answerSchema]) }
}

const nothing: Prefix = { _tag: "Nothing" }

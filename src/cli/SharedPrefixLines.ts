/** Lines of `check` about the prompt cache: which asks share a prefix, which ask writes it, and why an ask does not use it. */
import type { Context } from "../claude/Document.ts"
import { inBatch, noUsage, type Request, type Usage } from "../claude/Message.ts"
import { type Prices, usdOf, usdText } from "../claude/Price.ts"
import { minimumTokensOf, type Prefix, prefixOf, tokensOf } from "../cost/SharedPrefix.ts"
import { numberText } from "../options/NumberText.ts"
import { inert } from "../report/TerminalText.ts"

/** Up to this many asks are all named on their line. */
const maxNamed = 5

interface NamedRequest {
  readonly name: string
  readonly request: Request
}

/** One line for each group of asks with the same context or answer schema, in the order of their first ask. */
export const lines = (
  asks: ReadonlyArray<NamedRequest>,
  isBatched = false,
  prices: Prices = {}
): ReadonlyArray<string> => {
  const groups = new Map<string, { readonly prefix: Prefix; readonly model: string; readonly names: Array<string> }>()
  const tooShort = new Set<string>()
  for (const { name, request } of asks) {
    const prefix = prefixOf(request)
    if (prefix._tag !== "Context" && request.context !== undefined) {
      tooShort.add(tooShortLine(request.context, request.model))
    }
    if (prefix._tag === "Nothing") continue
    const group = groups.get(prefix.cacheKey)
    if (group === undefined) groups.set(prefix.cacheKey, { prefix, model: request.model, names: [name] })
    else group.names.push(name)
  }
  const alone = [...groups.values()].flatMap(({ names, prefix }) =>
    prefix._tag === "Context" && names.length === 1 ? names : []
  )
  return [
    ...[...groups.values()].flatMap(({ model, names, prefix }) => {
      const [leader, ...others] = names
      if (leader === undefined || others.length === 0) return []
      if (isBatched)
        return prefix._tag === "Context" ? [primedLine(leader, others.length, prefix.tokens, model, prices)] : []
      const follow = `${leader} leads, ${others.length} ${others.length === 1 ? "ask follows" : "asks follow"} once it begins`
      return prefix._tag === "Context"
        ? [`Cache: ${follow} (about ${numberText(prefix.tokens)} tokens shared)`]
        : [`Schema: ${follow} (one answer schema, compiled once)`]
    }),
    ...tooShort,
    ...(alone.length > 0
      ? [
          `Cache: not used by ${alone.length > maxNamed ? `${numberText(alone.length)} asks` : alone.join(", ")}: no other ask has the same model, tools, effort and answer schema`
        ]
      : [])
  ]
}

/** Whether some asks wait for the batch of another one, which writes what they share to the cache. */
export const hasPrimingBatch = (requests: ReadonlyArray<Request>): boolean => {
  const keys = requests.map(prefixOf).flatMap((prefix) => (prefix._tag === "Context" ? [prefix.cacheKey] : []))
  return new Set(keys).size < keys.length
}

/** What is saved: each follower reads what it would write for itself, as batches that are sent together do. */
const primedLine = (leader: string, followers: number, tokens: number, model: string, prices: Prices): string => {
  const usdOfOne = (usage: Partial<Usage>) => usdOf(model, inBatch({ ...noUsage, ...usage }), prices)
  const [writing, reading, leading] = [
    usdOfOne({ cacheCreationInputTokens: tokens }),
    usdOfOne({ cacheReadInputTokens: tokens }),
    usdOfOne({ cacheCreationInputTokens: tokens, cacheCreation1hInputTokens: tokens })
  ]
  const saved =
    writing === undefined || reading === undefined || leading === undefined
      ? ""
      : `: about ${usdText(Math.max(0, followers * (writing - reading) - (leading - writing)))} saved`
  const follow = followers === 1 ? "ask follows" : "asks follow"
  return `Cache: ${leader} goes in a batch of its own, ${numberText(followers)} ${follow} once it has ended (about ${numberText(tokens)} tokens shared for an hour)${saved}`
}

const tooShortLine = (context: Context, model: string): string =>
  `Cache: not used: the context has about ${numberText(tokensOf(context))} tokens, ${inert(model)} caches from ${numberText(minimumTokensOf(model))}`

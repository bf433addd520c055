/** Lines of `check` about the prompt cache: which asks share a prefix, which ask writes it, and why an ask does not use it. */
import type { Request } from "../claude/Message.ts"
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
export const lines = (asks: ReadonlyArray<NamedRequest>): ReadonlyArray<string> => {
  const groups = new Map<string, { readonly prefix: Prefix; readonly names: Array<string> }>()
  const tooShort = new Set<string>()
  for (const { name, request } of asks) {
    const prefix = prefixOf(request)
    if (prefix._tag !== "Context" && request.context !== undefined) {
      tooShort.add(tooShortLine(request.context, request.model))
    }
    if (prefix._tag === "Nothing") continue
    const group = groups.get(prefix.cacheKey)
    if (group === undefined) groups.set(prefix.cacheKey, { prefix, names: [name] })
    else group.names.push(name)
  }
  const alone = [...groups.values()].flatMap(({ names, prefix }) =>
    prefix._tag === "Context" && names.length === 1 ? names : []
  )
  return [
    ...[...groups.values()].flatMap(({ names, prefix }) => {
      const [leader, ...others] = names
      if (leader === undefined || others.length === 0) return []
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

const tooShortLine = (context: string, model: string): string =>
  `Cache: not used: the context has about ${numberText(tokensOf(context))} tokens, ${inert(model)} caches from ${numberText(minimumTokensOf(model))}`

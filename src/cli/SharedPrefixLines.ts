/** What `check` says of the prompt cache: who leads, who follows, and why it does not help where it does not. */
import type { Request } from "../claude/Message.ts"
import { minimumTokensOf, type Prefix, prefixOf, tokensOf } from "../cost/SharedPrefix.ts"
import { inert } from "../report/TerminalText.ts"

/** More names than these would hide what the line says. */
const mostNamed = 5

interface Named {
  readonly name: string
  readonly request: Request
}

/** One line for each group of asks that share a context or an answer schema, in the order of their first ask. */
export const linesOf = (asks: ReadonlyArray<Named>): ReadonlyArray<string> => {
  const groups = new Map<string, { readonly prefix: Prefix; readonly names: Array<string> }>()
  const tooShort = new Set<string>()
  for (const { name, request } of asks) {
    const prefix = prefixOf(request)
    if (prefix._tag !== "Context" && request.context !== undefined) tooShort.add(whyNot(request.context, request.model))
    if (prefix._tag === "Nothing") continue
    const group = groups.get(prefix.ground)
    if (group === undefined) groups.set(prefix.ground, { prefix, names: [name] })
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
        ? [`Cache: ${follow} (about ${count(prefix.tokens)} tokens shared)`]
        : [`Schema: ${follow} (one answer schema, compiled once)`]
    }),
    ...tooShort,
    ...(alone.length > 0
      ? [
          `Cache: not used by ${alone.length > mostNamed ? `${count(alone.length)} asks` : alone.join(", ")}: no other ask has the same model, tools, effort and answer schema`
        ]
      : [])
  ]
}

const whyNot = (context: string, model: string): string =>
  `Cache: not used: the context has about ${count(tokensOf(context))} tokens, ${inert(model)} caches from ${count(minimumTokensOf(model))}`

const count = (n: number): string => n.toLocaleString("en-US")

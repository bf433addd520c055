/** What the tools that the API runs add to a request at most: how often its input is read, what they bring, and containers. */
import type { Block, Request } from "../claude/Message.ts"

/** Turns of the model within one request: after so many the API pauses it (`pause_turn`), as its documentation of stop reasons says. */
const maxTurns = 10

/** Input tokens of the results of one web search, however often they are read. The API documents no limit; a high estimate. */
const searchResultTokens = 10_000

/** Input tokens of code and of what it prints, for each turn. The API documents no limit; in recorded turns there were up to 1,300. */
const codeResultTokens = 3000

/** Input tokens of the definition of code execution: about 2,300 in recorded requests. */
const codeToolTokens = 2500

const isSearch = ({ type }: Block): boolean => type.startsWith("web_search_")
const isFetch = ({ type }: Block): boolean => type.startsWith("web_fetch_")
const isCode = ({ type }: Block): boolean => type.startsWith("code_execution_")

/** Whether a tool brings pages of the web. */
export const isWeb = (tool: Block): boolean => isSearch(tool) || isFetch(tool)

const numberOf = (value: unknown): number => (typeof value === "number" ? value : 0)

const usesOf = ({ tools = [] }: Request, isOf: (tool: Block) => boolean): number =>
  tools.filter(isOf).reduce((sum, { max_uses: uses }) => sum + numberOf(uses), 0)

/** The number of searches that a request may make: the sum of `max_uses` of its search tools. */
export const searchesOf = (request: Request): number => usesOf(request, isSearch)

/** The number of pages that a request may fetch. */
export const fetchesOf = (request: Request): number => usesOf(request, isFetch)

export const runsCode = ({ tools = [] }: Request): boolean => tools.some(isCode)

/** How often the model reads the input of a request: once, and again after each use of a tool, with what that brought. */
export const readsOf = (request: Request): number =>
  runsCode(request) ? maxTurns : Math.min(searchesOf(request) + fetchesOf(request) + 1, maxTurns)

/** Input tokens of all that the tools bring. Each fetched page is read again in all later turns. */
export const resultTokens = (request: Request): number => {
  const { tools = [] } = request
  const reads = readsOf(request)
  const ofPages = tools.filter(isFetch).reduce((sum, { max_content_tokens: each, max_uses: given }) => {
    const uses = numberOf(given)
    return sum + uses * numberOf(each) * (reads - Math.min(uses + 1, reads) / 2)
  }, 0)
  const ofCode = runsCode(request) ? (reads - 1) * codeResultTokens : 0
  return Math.ceil(ofPages) + ofCode + searchesOf(request) * searchResultTokens
}

/** Input tokens of what the API adds for the tools, each time that the input is read. */
export const definitionTokens = (request: Request): number => {
  if (request.tools === undefined) return 0
  return addedToolTokens + (runsCode(request) ? codeToolTokens : 0)
}

/** 550 to 700 tokens where a request has tools, as the documentation says. */
const addedToolTokens = 1000

/** The tools of the web that run code by themselves, for the price of which other code is free. */
const runsCodeItself = /^web_(?:search|fetch)_(?!2025)/

/** Containers that are paid for: none beside a tool of the web, as the documentation of code execution says. */
export const containersOf = (request: Request): number =>
  runsCode(request) && !(request.tools ?? []).some(({ type }) => runsCodeItself.test(type)) ? 1 : 0

/** The uses of tools that have a price of their own. */
export const pricedUsesOf = (request: Request) => ({
  webSearches: searchesOf(request),
  containers: containersOf(request)
})

/** Tools without a limit of what they bring, each with the fields that would set it. A tool that the caller runs ends the turn. */
export const unlimitedIn = ({ tools = [] }: Request): ReadonlyArray<string> =>
  tools.flatMap((tool) => {
    const { name, type } = tool
    const needed = type.startsWith("web_") || type.startsWith("mcp") ? ["max_uses"] : []
    const missing = [...needed, ...(isFetch(tool) ? ["max_content_tokens"] : [])].filter(
      (field) => typeof tool[field] !== "number"
    )
    if (missing.length === 0) return []
    return [
      `the tool ${typeof name === "string" ? name : type} may be used without limit: set its ${missing.join(" and ")}`
    ]
  })

/** The tools that the API runs by itself beside web search, fetching pages and running code, as a setting of an ask. */
import { Schema } from "effect"
import type { Block } from "../claude/Message.ts"
import { PositiveInt } from "../options/OptionSchemas.ts"
import * as WebSearch from "./WebSearch.ts"

/** Pages that one answer may fetch, and tokens of each, where the setting names none: they bound its price, and are sent along. */
const defaultMaxUses = 3
const defaultMaxContentTokens = 10_000

const Detailed = Schema.Struct({
  maxUses: Schema.optionalKey(PositiveInt),
  allowedDomains: Schema.optionalKey(WebSearch.Domains),
  blockedDomains: Schema.optionalKey(WebSearch.Domains),
  citations: Schema.optionalKey(Schema.Boolean),
  maxContentTokens: Schema.optionalKey(PositiveInt)
}).check(WebSearch.oneListOfDomains)

const aFetch = { expected: "true, false, or { maxUses, allowedDomains, blockedDomains, citations, maxContentTokens }" }

const WebFetch = Schema.Union([Schema.Boolean, Detailed]).annotate(aFetch)

/** `webFetch`: pages whose address stands in the question or in a result; `codeExecution`: code in a container of the API. */
export const Tools = Schema.Struct({
  webFetch: Schema.optionalKey(WebFetch.annotate({ inCode: WebFetch })),
  codeExecution: Schema.optionalKey(Schema.Boolean)
}).annotate({ expected: "{ webFetch, codeExecution }" })
export interface Tools extends Schema.Schema.Type<typeof Tools> {}

const fetchOf = ({ webFetch }: Tools): ReadonlyArray<Block> => {
  if (webFetch === undefined || webFetch === false) return []
  const {
    allowedDomains,
    blockedDomains,
    citations = false,
    maxContentTokens = defaultMaxContentTokens,
    maxUses = defaultMaxUses
  } = webFetch === true ? {} : webFetch
  return [
    {
      type: "web_fetch_20260318",
      name: "web_fetch",
      max_uses: maxUses,
      max_content_tokens: maxContentTokens,
      ...(allowedDomains !== undefined && { allowed_domains: allowedDomains }),
      ...(blockedDomains !== undefined && { blocked_domains: blockedDomains }),
      ...(citations && { citations: { enabled: true } })
    }
  ]
}

/** The tools of a request, by both settings of an ask; none where the model may use none. */
export const toolsOf = ({
  tools = {},
  webSearch
}: {
  readonly tools?: Tools
  readonly webSearch?: WebSearch.WebSearch
}): ReadonlyArray<Block> => {
  const search = WebSearch.toolOf(webSearch)
  const code = { type: "code_execution_20260521", name: "code_execution" }
  return [...(search === undefined ? [] : [search]), ...fetchOf(tools), ...(tools.codeExecution === true ? [code] : [])]
}

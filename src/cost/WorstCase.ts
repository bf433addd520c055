/** What a request may take at most: what a budget sets aside before it is sent. */
import { Result } from "effect"
import type { Call } from "../claude/Call.ts"
import {
  type Block,
  inputTokensOf,
  type Reply,
  type Request,
  sourcesOf,
  textOf,
  type Usage
} from "../claude/Message.ts"
import * as Price from "../claude/Price.ts"

/** US dollars and tokens; of a limit, infinite where there is none. */
export interface Amount {
  readonly usd: number
  readonly tokens: number
}

export const noAmount: Amount = { usd: 0, tokens: 0 }

/** An answer as the synthesis will read it: input tokens at most, and the length of its text in bytes. */
export interface Answer {
  readonly tokens: number
  readonly bytes: number
}

const encoder = new TextEncoder()

/** Length in bytes. A token stands for one byte at least, so that a text never has more tokens than bytes. */
export const bytesOf = (text: string): number => encoder.encode(text).byteLength

/** What the API adds to a request: a few tokens a turn, and 550 to 700 where it has tools. */
const addedTokens = 100
const addedToolTokens = 1000

/** Input tokens that the results of one web search bring. A guess, on the large side: the API names no limit. */
const searchResultTokens = 10_000

/** How many more tokens the synthesis may need for an answer than its model needed to write it: tokenizers differ. */
const tokenizerFactor = 1.25

/** What stands around an answer in the synthesis: its tags. */
const answerFrameTokens = 100

/** The pages that an answer may lean on, each with title and address, where nothing limits their number. */
const sourcesTokens = 4000

/** Tools that the API runs by itself within a turn; one that the caller runs ends the turn. */
const serverTool = /^(web_|code_execution|mcp)/
const isSearch = ({ type }: Block): boolean => type.startsWith("web_")

/** How many searches a request may make. */
export const searchesOf = ({ tools = [] }: Request): number =>
  tools.filter(isSearch).reduce((sum, { max_uses: most }) => sum + (typeof most === "number" ? most : 0), 0)

/** What may be run as often as Claude likes. */
const unlimitedTools = ({ tools = [] }: Request): ReadonlyArray<string> =>
  tools
    .filter(({ max_uses: most, type }) => serverTool.test(type) && typeof most !== "number")
    .map(({ name, type }) => (typeof name === "string" ? name : type))

/** Input tokens of a request at most, what it searches included. */
export const inputTokens = (request: Request): number => {
  const { answerSchema, context = "", messages, system, tools } = request
  const written = JSON.stringify([system, messages, answerSchema, tools])
  const searched = searchesOf(request) * searchResultTokens
  return bytesOf(written) + bytesOf(context) + addedTokens + (tools === undefined ? 0 : addedToolTokens) + searched
}

/** Input tokens at most of all turns but the first. */
export const laterTokens = ({ messages }: Request): number =>
  messages.length > 1 ? bytesOf(JSON.stringify(messages.slice(1))) : 0

/** What a call to `model` may take at most: all input written to the cache where there is any, all output used. */
export const amount = (
  model: string,
  usage: Pick<Usage, "inputTokens" | "outputTokens"> & { readonly webSearches?: number; readonly isCached?: boolean },
  stated: Price.Prices
): Amount | undefined => {
  const { inputTokens, isCached = false, outputTokens, webSearches = 0 } = usage
  const input = isCached
    ? { inputTokens: 0, cacheCreationInputTokens: inputTokens }
    : { inputTokens, cacheCreationInputTokens: 0 }
  const whole = { ...input, cacheReadInputTokens: 0, outputTokens, thinkingTokens: 0, webSearches }
  const usd = Price.usdOf(model, whole, stated)
  return usd === undefined ? undefined : { usd, tokens: inputTokens + outputTokens }
}

/** What the synthesis that a `Call` tells of may take at most, with so many tokens of answers. */
export const synthesis = (coming: Call["synthesis"], answerTokens: number, stated: Price.Prices): Amount => {
  if (coming === undefined) return noAmount
  const { maxTokens: outputTokens, model, webSearches = 0 } = coming
  const inputTokens = coming.inputTokens + answerTokens
  const usage = { inputTokens, outputTokens, webSearches }
  return amount(model, usage, stated) ?? { usd: 0, tokens: inputTokens + outputTokens }
}

/** What a request may take at most, or in words why nobody can say. `isPriced`: whether dollars matter. */
export const of = (request: Request, stated: Price.Prices, isPriced: boolean): Result.Result<Amount, string> => {
  const [unlimited] = unlimitedTools(request)
  if (unlimited !== undefined) {
    return Result.fail(`the tool ${unlimited} may be used without limit: set its max_uses`)
  }
  const tokens = { inputTokens: inputTokens(request), outputTokens: request.maxTokens }
  const more = { webSearches: searchesOf(request), isCached: request.context !== undefined }
  const most = amount(request.model, { ...tokens, ...more }, stated)
  if (most !== undefined) return Result.succeed(most)
  return isPriced
    ? Result.fail(`no price is known for the model ${request.model}: state it in prices`)
    : Result.succeed({ usd: 0, tokens: tokens.inputTokens + tokens.outputTokens })
}

/** What a usage took. The price of the model that was asked serves where that of the answering one is not known. */
export const spent = (request: Request, model: string, usage: Usage, stated: Price.Prices): Amount => ({
  usd: Price.usdOf(model, usage, stated) ?? Price.usdOf(request.model, usage, stated) ?? 0,
  tokens: inputTokensOf(usage) + usage.outputTokens
})

/** The most input tokens that the answer to a request may be for the synthesis. */
export const answerTokens = ({ maxTokens, tools = [] }: Request): number =>
  Math.ceil(maxTokens * tokenizerFactor) + answerFrameTokens + (tools.some(isSearch) ? sourcesTokens : 0)

/** A reply as the synthesis will read it. */
export const answerOf = (reply: Reply): Answer => {
  const sources = sourcesOf(reply)
  const bytes = bytesOf(textOf(reply))
  const written = Math.min(bytes, Math.ceil(reply.usage.outputTokens * tokenizerFactor))
  const cited = sources.length === 0 ? 0 : bytesOf(JSON.stringify(sources))
  return { tokens: written + cited + answerFrameTokens, bytes: bytes + cited }
}

/** Prices, windows and limits of Anthropic's models, one row a model, from its tables of models and prices of November 2026. */

/** USD per million tokens. Cache writes follow from the input price. */
interface ListPrice {
  readonly inputUsd: number
  readonly outputUsd: number
  readonly cacheReadUsd: number
}

/** One model. All limits are in tokens. */
export interface ModelInfo {
  readonly price: ListPrice
  /** The price of a request whose prompt has more than so many tokens, where that differs. */
  readonly longPrompt?: ListPrice & { readonly above: number }
  /** Input and output together. */
  readonly windowTokens: number
  /** The largest `max_tokens` that is accepted. */
  readonly maxOutputTokens: number
  /** The shortest prefix that the prompt cache keeps. */
  readonly minimumCacheTokens: number
  /** `false` where the model cannot call tools from the code that it runs, as the API says in a 400. */
  readonly callsToolsFromCode?: false
  /** The models that `fallbacks: "default"` may go on to after a refusal; absent where the API has no fallback for the model. */
  readonly fallbacks?: readonly [string, ...ReadonlyArray<string>]
}

const priced = (inputUsd: number, outputUsd: number, cacheReadUsd: number): ListPrice => ({
  inputUsd,
  outputUsd,
  cacheReadUsd
})

const million = { windowTokens: 1_000_000, maxOutputTokens: 128_000 }
const smaller = { windowTokens: 200_000, maxOutputTokens: 64_000 }

const [sonnet5, opus5, opus48] = ["claude-sonnet-5", "claude-opus-5", "claude-opus-4-8"] as const

const models: Readonly<Record<string, ModelInfo>> = {
  "claude-haiku-5-5": {
    price: priced(0.1, 0.5, 0.01),
    longPrompt: { above: 100_000, ...priced(0.5, 2.5, 0.05) },
    ...million,
    minimumCacheTokens: 512
  },
  "claude-sonnet-5-5": { price: priced(2, 10, 0.1), ...million, minimumCacheTokens: 512, fallbacks: [sonnet5] },
  "claude-opus-5-5": { price: priced(4, 20, 0.2), ...million, minimumCacheTokens: 512, fallbacks: [opus5, opus48] },
  "claude-fable-5-2": { price: priced(8, 40, 0.2), ...million, minimumCacheTokens: 512, fallbacks: [opus5, opus48] },
  "claude-fable-5-1": { price: priced(10, 50, 0.25), ...million, minimumCacheTokens: 512, fallbacks: [opus5, opus48] },
  "claude-fable-5": { price: priced(10, 50, 1), ...million, minimumCacheTokens: 512, fallbacks: [opus5, opus48] },
  [opus5]: { price: priced(5, 25, 0.5), ...million, minimumCacheTokens: 512, fallbacks: [opus48] },
  [sonnet5]: { price: priced(2, 10, 0.2), ...million, minimumCacheTokens: 1024 },
  [opus48]: { price: priced(5, 25, 0.5), ...million, minimumCacheTokens: 1024 },
  "claude-opus-4-7": { price: priced(5, 25, 0.5), ...million, minimumCacheTokens: 2048 },
  "claude-opus-4-6": { price: priced(5, 25, 0.5), ...million, minimumCacheTokens: 4096 },
  "claude-sonnet-4-6": { price: priced(3, 15, 0.3), ...million, minimumCacheTokens: 1024 },
  "claude-opus-4-5": { price: priced(5, 25, 0.5), ...smaller, minimumCacheTokens: 4096 },
  "claude-sonnet-4-5": { price: priced(3, 15, 0.3), ...smaller, minimumCacheTokens: 1024 },
  "claude-haiku-4-5": { price: priced(1, 5, 0.1), ...smaller, minimumCacheTokens: 4096, callsToolsFromCode: false }
}

/** Every model of the table by its name. */
export const all: ReadonlyMap<string, ModelInfo> = new Map(Object.entries(models))

/**
 * What may stand before a name: the ARN of a foundation model or inference profile of Amazon Bedrock, the folders of Vertex AI,
 * and the providers and regions of gateways (`openrouter/anthropic/`, `bedrock/converse/us-east-1/`).
 */
const place =
  /^(?:arn:aws[a-z-]*:bedrock:[a-z\d-]*:\d*:(?:foundation-model|inference-profile)\/|(?:projects\/[^/]+\/locations\/[^/]+\/)?publishers\/anthropic\/models\/|(?:(?:anthropic|bedrock|converse|invoke|litellm|litellm_proxy|openrouter|vercel_ai_gateway|vertex|vertex_ai)\/|[a-z]{2}(?:-[a-z]+)+-\d\/)*)/

/**
 * Other names of a model: with the date of a snapshot (`-20251001`, `@20251001` of Vertex AI), with the prefix, version and window
 * of Amazon Bedrock (`us.anthropic.claude-haiku-4-5-20251001-v1:0`), as gateways write it (`anthropic/claude-haiku-4.5`), or with
 * a mark for the window of a million tokens (`claude-sonnet-4-5[1m]`).
 */
const otherName =
  /^(?:(?:[a-z]{2,6}(?:-gov)?\.)?anthropic\.)?(claude-[a-z]+-\d+(?:[-.]\d{1,2})?)(?:[-@]\d{8}|@default|-latest)?(?:-v\d+(?::\d+)?)?(?::\d+[km]|\[\d+[km]\])?$/

/** The mark of the larger window, which a caller asks of a gateway by name. */
const millionMark = /(?:\[1m\]|:1m)$/

/** The name without the date of its snapshot: `claude-next` is answered by `claude-next-20261101`. */
export const undated = (model: string): string => model.replace(/-\d{8}$/, "")

/** The name in the table that a name stands for; the name itself where it stands for none. */
export const canonicalOf = (model: string): string => {
  if (all.has(model)) return model
  const name = otherName.exec(model.replace(place, ""))?.[1]?.replace(".", "-")
  return name !== undefined && all.has(name) ? name : model
}

/**
 * A model of one region at Amazon Bedrock, and any that is not of its `global.` profile, costs 10 % more since Claude 4.5, as the price
 * lists of both companies say.
 */
const regional = /(?:^|\/)(?!global\.)(?:[a-z]{2,6}(?:-gov)?\.)?anthropic\.claude-/
const regionalFactor = 1.1

const times = ({ cacheReadUsd, inputUsd, outputUsd }: ListPrice): ListPrice =>
  priced(inputUsd * regionalFactor, outputUsd * regionalFactor, cacheReadUsd * regionalFactor)

const atRegionalPrice = (info: ModelInfo): ModelInfo => ({
  ...info,
  price: times(info.price),
  ...(info.longPrompt !== undefined && { longPrompt: { above: info.longPrompt.above, ...times(info.longPrompt) } })
})

/** What is known of a model; `undefined` for one that the table lacks. */
export const infoOf = (model: string): ModelInfo | undefined => {
  const found = all.get(canonicalOf(model))
  if (found === undefined) return undefined
  const info = regional.test(model) ? atRegionalPrice(found) : found
  return millionMark.test(model) ? { ...info, windowTokens: million.windowTokens } : info
}

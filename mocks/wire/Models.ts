/** The models of the mock, with the context windows and limits that the API documents. */

/** One model. A request may name it by `id` or an alias; `minimumCacheTokens` is the shortest prefix that is cached. */
export interface Model {
  readonly id: string
  readonly aliases: ReadonlyArray<string>
  readonly name: string
  readonly createdAt: string
  readonly windowTokens: number
  readonly maxOutputTokens: number
  readonly minimumCacheTokens: number
  /** The supported effort levels; empty for models without the effort parameter. */
  readonly efforts: ReadonlyArray<string>
  /** Usage counts thinking tokens even in replies to requests without thinking. */
  readonly reportsThinking: boolean
  /** A request may end with a turn of the assistant, which the reply continues. */
  readonly takesPrefill: boolean
  /** Not in the list of models, but accepted, as the recordings still request it. */
  readonly retired: boolean
}

const allEfforts = ["low", "medium", "high", "xhigh", "max"]
const million = 1_000_000

const current = (id: string, name: string, created: string, minimumCacheTokens: number): Model => ({
  id,
  aliases: [],
  name,
  createdAt: `${created}T00:00:00Z`,
  windowTokens: million,
  maxOutputTokens: 128_000,
  minimumCacheTokens,
  efforts: allEfforts,
  reportsThinking: true,
  takesPrefill: false,
  retired: false
})

const older = (
  id: string,
  aliases: ReadonlyArray<string>,
  name: string,
  created: string,
  more: Partial<Model>
): Model => ({
  id,
  aliases,
  name,
  createdAt: `${created}T00:00:00Z`,
  windowTokens: 200_000,
  maxOutputTokens: 64_000,
  minimumCacheTokens: 1024,
  efforts: [],
  reportsThinking: false,
  takesPrefill: true,
  retired: false,
  ...more
})

const retired = (id: string, aliases: ReadonlyArray<string> = []): Model =>
  older(id, aliases, id, "2024-01-01", { retired: true, maxOutputTokens: 64_000 })

const untilMax = ["low", "medium", "high", "max"]

/** Newest first, as the API lists them. Dates after that of Opus 5 are placeholders in the right order. */
export const all: ReadonlyArray<Model> = [
  current("claude-fable-5-2", "Claude Fable 5.2", "2026-11-10", 1024),
  current("claude-mythos-5-2", "Claude Mythos 5.2", "2026-11-09", 1024),
  current("claude-haiku-5-5", "Claude Haiku 5.5", "2026-10-14", 512),
  current("claude-sonnet-5-5", "Claude Sonnet 5.5", "2026-10-13", 1024),
  current("claude-opus-5-5", "Claude Opus 5.5", "2026-10-12", 512),
  current("claude-fable-5-1", "Claude Fable 5.1", "2026-09-02", 1024),
  current("claude-mythos-5-1", "Claude Mythos 5.1", "2026-09-01", 1024),
  current("claude-opus-5", "Claude Opus 5", "2026-07-24", 512),
  current("claude-sonnet-5", "Claude Sonnet 5", "2026-06-29", 1024),
  current("claude-fable-5", "Claude Fable 5", "2026-06-08", 1024),
  current("claude-mythos-5", "Claude Mythos 5", "2026-06-07", 1024),
  current("claude-opus-4-8", "Claude Opus 4.8", "2026-05-20", 1024),
  current("claude-opus-4-7", "Claude Opus 4.7", "2026-04-14", 1024),
  older("claude-sonnet-4-6", [], "Claude Sonnet 4.6", "2026-02-17", {
    windowTokens: million,
    maxOutputTokens: 128_000,
    efforts: untilMax,
    takesPrefill: false
  }),
  older("claude-opus-4-6", [], "Claude Opus 4.6", "2026-02-04", {
    windowTokens: million,
    maxOutputTokens: 128_000,
    efforts: untilMax,
    takesPrefill: false
  }),
  older("claude-opus-4-5-20251101", ["claude-opus-4-5"], "Claude Opus 4.5", "2025-11-24", {
    efforts: ["low", "medium", "high"]
  }),
  older("claude-haiku-4-5-20251001", ["claude-haiku-4-5"], "Claude Haiku 4.5", "2025-10-15", {
    minimumCacheTokens: 4096
  }),
  older("claude-sonnet-4-5-20250929", ["claude-sonnet-4-5"], "Claude Sonnet 4.5", "2025-09-29", {}),
  retired("claude-opus-4-1-20250805", ["claude-opus-4-1"]),
  retired("claude-opus-4-20250514", ["claude-opus-4-0"]),
  retired("claude-sonnet-4-20250514", ["claude-sonnet-4-0"]),
  retired("claude-3-7-sonnet-20250219", ["claude-3-7-sonnet-latest"]),
  retired("claude-3-5-sonnet-20241022", ["claude-3-5-sonnet-latest"]),
  retired("claude-3-5-sonnet-20240620"),
  retired("claude-3-5-haiku-20241022", ["claude-3-5-haiku-latest"]),
  retired("claude-3-opus-20240229", ["claude-3-opus-latest"]),
  retired("claude-3-sonnet-20240229"),
  retired("claude-3-haiku-20240307"),
  retired("claude-2.1"),
  retired("claude-2.0")
]

const byName = new Map(all.flatMap((model) => [model.id, ...model.aliases].map((name) => [name, model] as const)))

/** Finds a model by its id or an alias. */
export const find = (name: string): Model | undefined => byName.get(name)

/** Gives the class of models that share rate limits, such as `haiku-5`: family and major version. */
export const rateClass = (name: string): string => {
  const family = /haiku|sonnet|opus|fable|mythos/.exec(name)?.[0]
  const major = /(\d+)/.exec(name)?.[1]
  return family === undefined || major === undefined ? name : `${family}-${major}`
}

/** The models of the mock: windows, limits, and which settings each accepts. Sources: the documentation's tables by model. */

/** How a model thinks. `isOn` is for requests without `thinking`; "always" cannot be switched off. */
export interface Thinking {
  /** The values of `thinking.type` that the model accepts. */
  readonly types: ReadonlyArray<string>
  readonly isOn: "always" | "yes" | "no"
  /** Thinking is returned as an empty text unless the request sets `display`. */
  readonly isOmitted: boolean
  /** Switched off, it allows the effort levels up to `high` alone. */
  readonly isOffUpToHigh: boolean
}

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
  readonly thinking: Thinking
  /** Usage counts thinking tokens even in replies to requests without thinking. */
  readonly reportsThinking: boolean
  /** A request may end with a turn of the assistant, which the reply continues. */
  readonly takesPrefill: boolean
  /** With the older API version, `temperature`, `top_p` and `top_k` may have other values than their defaults. */
  readonly takesSampling: boolean
  /** `tool_choice` may be `any` or `tool`. */
  readonly takesForcedTools: boolean
  /** The model can call tools from the code that it runs. */
  readonly callsToolsFromCode: boolean
  /** `messages` may have turns of the role `system`. */
  readonly takesSystemTurns: boolean
  readonly rejectedTools: ReadonlyArray<string>
  /** The models that `fallbacks` may name; empty for models without server-side fallback. */
  readonly fallbacks: ReadonlyArray<string>
  /** Requests get a 404, and the list of models leaves it out. */
  readonly retired: boolean
}

const million = 1_000_000
const untilMax = ["low", "medium", "high", "max"]
const allEfforts = ["low", "medium", "high", "xhigh", "max"]
const noFallbacks: ReadonlyArray<string> = []
/** Chosen from the documented examples: the models to which a declined request may be handed on. */
const opusBelow = ["claude-opus-5", "claude-opus-4-8"]
const oldComputer = ["computer_20241022", "computer_20250124"]

const adaptive = (isOn: Thinking["isOn"], ...more: ReadonlyArray<string>): Thinking => ({
  types: ["adaptive", ...more],
  isOn,
  isOmitted: true,
  isOffUpToHigh: false
})

/** Thinking that is on by default; `off` is the type that switches it off, at effort `high` or below. */
const upToHigh = (off: string): { readonly thinking: Thinking } => ({
  thinking: { ...adaptive("yes", off), isOffUpToHigh: true }
})

/** A model since Opus 4.7: a window of a million tokens, adaptive thinking, no prefill and no sampling parameters. */
const current = (id: string, name: string, created: string, more: Partial<Model>): Model => ({
  id,
  aliases: [],
  name,
  createdAt: `${created}T00:00:00Z`,
  windowTokens: million,
  maxOutputTokens: 128_000,
  minimumCacheTokens: 512,
  efforts: allEfforts,
  thinking: adaptive("yes", "disabled"),
  reportsThinking: true,
  takesPrefill: false,
  takesSampling: false,
  takesForcedTools: true,
  callsToolsFromCode: true,
  takesSystemTurns: true,
  rejectedTools: [],
  fallbacks: noFallbacks,
  retired: false,
  ...more
})

/** A Fable or Mythos model, which always thinks. */
const always = (id: string, name: string, created: string, more: Partial<Model>): Model =>
  current(id, name, created, {
    thinking: adaptive("always"),
    rejectedTools: oldComputer,
    fallbacks: opusBelow,
    ...more
  })

/** What the 5.5 models have in common. */
const newest: Partial<Model> = { takesForcedTools: false, rejectedTools: [...oldComputer, "computer_20251124"] }

const older = (
  id: string,
  aliases: ReadonlyArray<string>,
  name: string,
  created: string,
  more: Partial<Model>
): Model => ({
  ...current(id, name, created, {}),
  aliases,
  windowTokens: 200_000,
  maxOutputTokens: 64_000,
  minimumCacheTokens: 1024,
  efforts: [],
  thinking: { types: ["enabled", "disabled"], isOn: "no", isOmitted: false, isOffUpToHigh: false },
  reportsThinking: false,
  takesPrefill: true,
  takesSampling: true,
  takesSystemTurns: false,
  ...more
})

const retired = (id: string, aliases: ReadonlyArray<string> = []): Model =>
  older(id, aliases, id, "2024-01-01", { retired: true })

/** The 4.6 models, which accept both kinds of thinking. */
const between: Partial<Model> = {
  windowTokens: million,
  maxOutputTokens: 128_000,
  efforts: untilMax,
  takesPrefill: false,
  thinking: { types: ["adaptive", "enabled", "disabled"], isOn: "no", isOmitted: false, isOffUpToHigh: false }
}

const off = { thinking: adaptive("no", "disabled") }

/** Newest first, as the API lists them. Dates after that of Opus 5 are placeholders in the right order. */
export const all: ReadonlyArray<Model> = [
  always("claude-fable-5-2", "Claude Fable 5.2", "2026-11-10", { takesForcedTools: false }),
  always("claude-mythos-5-2", "Claude Mythos 5.2", "2026-11-09", { takesForcedTools: false }),
  current("claude-haiku-5-5", "Claude Haiku 5.5", "2026-10-14", {
    ...newest,
    ...upToHigh("disabled"),
    takesForcedTools: true
  }),
  current("claude-sonnet-5-5", "Claude Sonnet 5.5", "2026-10-13", {
    ...newest,
    ...upToHigh("between_tools"),
    fallbacks: ["claude-sonnet-5"]
  }),
  current("claude-opus-5-5", "Claude Opus 5.5", "2026-10-12", {
    ...newest,
    thinking: adaptive("always"),
    fallbacks: opusBelow
  }),
  always("claude-fable-5-1", "Claude Fable 5.1", "2026-09-02", { takesForcedTools: false }),
  always("claude-mythos-5-1", "Claude Mythos 5.1", "2026-09-01", { takesForcedTools: false }),
  current("claude-opus-5", "Claude Opus 5", "2026-07-24", {
    ...upToHigh("disabled"),
    fallbacks: ["claude-opus-4-8"]
  }),
  current("claude-sonnet-5", "Claude Sonnet 5", "2026-06-29", { minimumCacheTokens: 1024, takesSystemTurns: false }),
  always("claude-fable-5", "Claude Fable 5", "2026-06-08", {}),
  always("claude-mythos-5", "Claude Mythos 5", "2026-06-07", {}),
  current("claude-opus-4-8", "Claude Opus 4.8", "2026-05-20", { ...off, minimumCacheTokens: 1024 }),
  current("claude-opus-4-7", "Claude Opus 4.7", "2026-04-14", {
    ...off,
    minimumCacheTokens: 2048,
    takesSystemTurns: false
  }),
  older("claude-sonnet-4-6", [], "Claude Sonnet 4.6", "2026-02-17", between),
  older("claude-opus-4-6", [], "Claude Opus 4.6", "2026-02-04", { ...between, minimumCacheTokens: 4096 }),
  older("claude-opus-4-5-20251101", ["claude-opus-4-5"], "Claude Opus 4.5", "2025-11-24", {
    efforts: ["low", "medium", "high"],
    minimumCacheTokens: 4096
  }),
  older("claude-haiku-4-5-20251001", ["claude-haiku-4-5"], "Claude Haiku 4.5", "2025-10-15", {
    minimumCacheTokens: 4096,
    callsToolsFromCode: false
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

/** Reads the class of models that share rate limits, such as `haiku-5`: family and major version. */
const classOf = (name: string): string => {
  const family = /haiku|sonnet|opus|fable|mythos/.exec(name)?.[0]
  const major = /(\d+)/.exec(name)?.[1]
  return family === undefined || major === undefined ? name : `${family}-${major}`
}

const classes = new Map([...byName.keys()].map((name) => [name, classOf(name)]))

/** Gives the class of models that share rate limits; an unknown name of no family is a class of its own. */
export const rateClass = (name: string): string => classes.get(name) ?? classOf(name)

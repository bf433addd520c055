/** Where Claude is asked: the API itself, or a cloud, by the package that `@anthropic-ai` has for it. */
import { Schema } from "effect"
import type { Client } from "./Client.ts"
import * as ModelInfo from "./ModelInfo.ts"

export const Provider = Schema.Literals(["anthropic", "bedrock", "vertex", "foundry"]).annotate({
  description: "Where Claude is asked, with the credentials of that place (default: anthropic)",
  expected: '"anthropic", "bedrock", "vertex" or "foundry"'
})
export type Provider = typeof Provider.Type

/** A provider with a client of its own. */
export type Cloud = Exclude<Provider, "anthropic">

/** The cloud of an option; `undefined` for the API itself. */
export const cloudOf = (provider: Provider | undefined): Cloud | undefined =>
  provider === "anthropic" ? undefined : provider

export const titles: Readonly<Record<Cloud, string>> = {
  bedrock: "Amazon Bedrock",
  vertex: "Google Vertex AI",
  foundry: "Microsoft Foundry"
}

/** Why a cloud cannot be asked. */
export class ProviderProblem extends Schema.TaggedError<ProviderProblem>()("ProviderProblem", {
  message: Schema.String
}) {}

/** The client of a cloud, and what it takes to ask it. */
export interface Connected {
  readonly client: Client
  readonly provider: Provider | undefined
  /** Tokens that were sent; another array once there is another one. */
  readonly secrets: (() => ReadonlyArray<string>) | undefined
  /** Over which protocol its requests are sent; `undefined` where its transport is a program's own. */
  readonly transport: "auto" | "http1" | undefined
}

/** What is known of a client beside what it shows. */
export type Known = Partial<Omit<Connected, "client">>

/** The snapshots of models whose names at Bedrock and Vertex AI have their date. */
const snapshots: Readonly<Record<string, string>> = {
  "claude-haiku-4-5": "20251001",
  "claude-sonnet-4-5": "20250929",
  "claude-opus-4-5": "20251101"
}

/**
 * The name that a provider has for a model of Anthropic's table; any other name stays as it is. At Bedrock it is that of the global
 * inference profile, as the documentation of Claude on Bedrock lists them: `global.anthropic.claude-haiku-5-5`.
 */
export const modelAt = (provider: Provider | undefined, model: string): string => {
  if ((provider !== "bedrock" && provider !== "vertex") || !ModelInfo.all.has(model)) return model
  const snapshot = snapshots[model]
  if (provider === "vertex") return snapshot === undefined ? model : `${model}@${snapshot}`
  const version = snapshot === undefined ? (model === "claude-opus-4-6" ? "-v1" : "") : `-${snapshot}-v1:0`
  return `global.anthropic.${model}${version}`
}

/** What the tests of Budget share: a dear ask, a stack with a budget, and why asks have no answer. */
import { Layer } from "effect"
import { Ask, type AskError, type Budget, Message, Stack } from "fanfold"
import type { make } from "../FakeClaude.ts"

/** Haiku takes 0.50 USD per million output tokens: at most 0.005 for this, and a little for its input. */
export const dear = (question: string) => Ask.text(question, { maxTokens: 10_000, system: "" })
export const usage = (outputTokens: number): Message.Usage => ({ ...Message.noUsage, inputTokens: 10, outputTokens })

export const over = (claude: ReturnType<typeof make>, budget: number | Budget.Options) =>
  Stack.layerOver({ budget }).pipe(Layer.provide(claude.layer))

export const reasons = (findings: { readonly gaps: ReadonlyArray<{ readonly outcome: object }> }) =>
  findings.gaps.map(({ outcome }) => ("error" in outcome ? (outcome.error as AskError.AskError).reason._tag : "none"))

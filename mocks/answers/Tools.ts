/** Simulates calls of the client's tools: which one is called, and with what input. */
import type { Answer } from "./Answer.ts"
import type { Block } from "../wire/Completion.ts"
import type { SeededRandom } from "../time/SeededRandom.ts"
import { toolsOf, type Prompt } from "./Prompt.ts"
import { sample } from "./Sample.ts"
import * as ServerTools from "./ServerTools.ts"
import { listOf, objectOf, objectsOf, type UncheckedJson } from "../wire/UncheckedJson.ts"

/** Makes a `tool_use` block. */
export const call = (name: string, input: UncheckedJson, random: SeededRandom): Block => ({
  type: "tool_use",
  id: `toolu_01${random.letters(`tool ${name}`, 22)}`,
  name,
  input,
  caller: { type: "direct" }
})

/** Inputs for the tools that the API defines and the client runs; a request gives no schema for them. */
const inputsByType: ReadonlyArray<readonly [prefix: string, input: UncheckedJson]> = [
  ["memory_", { command: "view", path: "/memories" }],
  ["computer_", { action: "screenshot" }],
  ["bash_", { command: "ls" }],
  ["text_editor_", { command: "view", path: "." }]
]

const typedInput = (tool: UncheckedJson): UncheckedJson | undefined =>
  inputsByType.find(([prefix]) => String(tool["type"]).startsWith(prefix))?.[1]

const hasToolResult = (prompt: Prompt): boolean =>
  objectsOf(objectOf(listOf(prompt.body["messages"]).at(-1))?.["content"]).some(
    (block) => block["type"] === "tool_result"
  )

const nameOf = (tool: UncheckedJson): string => (typeof tool["name"] === "string" ? tool["name"] : "tool")

const longWords = (text: string): ReadonlyArray<string> => text.toLowerCase().match(/[a-z]{4,}/g) ?? []

const overlap = (tool: UncheckedJson, question: ReadonlySet<string>): number =>
  longWords(
    `${nameOf(tool).replaceAll(/[_-]/g, " ")} ${typeof tool["description"] === "string" ? tool["description"] : ""}`
  ).filter((word) => question.has(word)).length

/** Instructions that ask for prose instead of a call. */
const asksForProse = /\b(?:reply|respond|answer) (?:only|exactly|with)\b|\bjust say\b|\bwithout calling\b/i

/** The share of calls after a text block in the recordings: about 25 % for Haiku, 65 % for other models. */
const proseShare = (model: string): number => (model.includes("haiku") ? 0.25 : 0.65)

/** Makes a call of a client tool if the request forces one, or offers one and has no result yet; else undefined. */
export const answer = (prompt: Prompt, random: SeededRandom): Answer | undefined => {
  if (prompt.body["tools"] === undefined) return undefined
  const own = toolsOf(prompt.body).filter(
    (tool) => tool["input_schema"] !== undefined || typedInput(tool) !== undefined
  )
  const choice = objectOf(prompt.body["tool_choice"])
  if (own.length === 0 || choice?.["type"] === "none") return undefined
  const forced = choice?.["type"] === "tool" ? own.find((tool) => tool["name"] === choice["name"]) : undefined
  const mustCall = forced !== undefined || choice?.["type"] === "any"
  if (!mustCall && (hasToolResult(prompt) || asksForProse.test(prompt.instruction))) return undefined
  const question = new Set(longWords(prompt.instruction))
  const tool = forced ?? own.toSorted((a, b) => overlap(b, question) - overlap(a, question))[0]!
  const input =
    typedInput(tool) ??
    objectOf(sample(objectOf(tool["input_schema"]) ?? {}, prompt.instruction.slice(0, 80), random)) ??
    {}
  const search = ServerTools.toolSearch(prompt, random)
  // A forced call has no text before it.
  const hasProse =
    typedInput(tool) !== undefined ||
    search.length > 0 ||
    random.uniform("speaks before a call") < proseShare(prompt.model)
  const isIntroduced = !mustCall && hasProse
  const texts: ReadonlyArray<Block> = isIntroduced
    ? [{ type: "text", text: `I call ${nameOf(tool)} to find out.` }]
    : []
  return {
    content: [...texts, ...search, call(nameOf(tool), input, random)],
    stopReason: "tool_use"
  }
}

/** Plays the client's tools: which one Claude calls, and with what input. */
import type { Answer } from "./Answer.ts"
import type { Block } from "../wire/Completion.ts"
import type { SeededRandom } from "../time/SeededRandom.ts"
import { toolsOf, type Prompt } from "./Prompt.ts"
import { sample } from "./Sample.ts"
import * as ServerTools from "./ServerTools.ts"
import { listOf, objectOf, objectsOf, type UncheckedJson } from "../wire/UncheckedJson.ts"

/** Makes a tool call block. */
export const call = (name: string, input: UncheckedJson, random: SeededRandom): Block => ({
  type: "tool_use",
  id: `toolu_01${random.letters(`tool ${name}`, 22)}`,
  name,
  input,
  caller: { type: "direct" }
})

/** Tools of the API that the client runs: they bring no schema of their own. */
const typed: ReadonlyArray<readonly [prefix: string, input: UncheckedJson]> = [
  ["memory_", { command: "view", path: "/memories" }],
  ["computer_", { action: "screenshot" }],
  ["bash_", { command: "ls" }],
  ["text_editor_", { command: "view", path: "." }]
]

const typedInput = (tool: UncheckedJson): UncheckedJson | undefined =>
  typed.find(([prefix]) => String(tool["type"]).startsWith(prefix))?.[1]

const answersATool = (prompt: Prompt): boolean =>
  objectsOf(objectOf(listOf(prompt.body["messages"]).at(-1))?.["content"]).some(
    (block) => block["type"] === "tool_result"
  )

const nameOf = (tool: UncheckedJson): string => (typeof tool["name"] === "string" ? tool["name"] : "tool")

const longWords = (text: string): ReadonlyArray<string> => text.toLowerCase().match(/[a-z]{4,}/g) ?? []

const overlap = (tool: UncheckedJson, question: ReadonlySet<string>): number =>
  longWords(
    `${nameOf(tool).replaceAll(/[_-]/g, " ")} ${typeof tool["description"] === "string" ? tool["description"] : ""}`
  ).filter((word) => question.has(word)).length

/** A question that asks for words and not for a call. */
const wantsWords = /\b(?:reply|respond|answer) (?:only|exactly|with)\b|\bjust say\b|\bwithout calling\b/i

/** The share of calls before which Claude said something, in recordings: Haiku one in four, the others two in three. */
const speaking = (model: string): number => (model.includes("haiku") ? 0.25 : 0.65)

/** Gives a call of a client tool where the request leads to one: forced, or offered and not yet answered. */
export const answer = (prompt: Prompt, random: SeededRandom): Answer | undefined => {
  const own = toolsOf(prompt.body).filter(
    (tool) => tool["input_schema"] !== undefined || typedInput(tool) !== undefined
  )
  const choice = objectOf(prompt.body["tool_choice"])
  if (own.length === 0 || choice?.["type"] === "none") return undefined
  const forced = choice?.["type"] === "tool" ? own.find((tool) => tool["name"] === choice["name"]) : undefined
  const mustCall = forced !== undefined || choice?.["type"] === "any"
  if (!mustCall && (answersATool(prompt) || wantsWords.test(prompt.instruction))) return undefined
  const question = new Set(longWords(prompt.instruction))
  const tool = forced ?? own.toSorted((a, b) => overlap(b, question) - overlap(a, question))[0]!
  const input =
    typedInput(tool) ??
    objectOf(sample(objectOf(tool["input_schema"]) ?? {}, prompt.instruction.slice(0, 80), random)) ??
    {}
  const search = ServerTools.searched(prompt, random)
  // A forced call comes without a word; before others Claude often says what it is about to do.
  const wants =
    typedInput(tool) !== undefined ||
    search.length > 0 ||
    random.uniform("speaks before a call") < speaking(prompt.model)
  const speaks = !mustCall && wants
  const words: ReadonlyArray<Block> = speaks ? [{ type: "text", text: `I call ${nameOf(tool)} to find out.` }] : []
  return {
    content: [...words, ...search, call(nameOf(tool), input, random)],
    stopReason: "tool_use"
  }
}

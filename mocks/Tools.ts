/** Plays the client's tools: which one Claude calls, and with what input. */
import type { Answer, Block } from "./Answer.ts"
import type { Draw } from "./Draw.ts"
import { toolsOf, type Prompt } from "./Prompt.ts"
import { listOf, objectOf, type Unchecked } from "./Unchecked.ts"
import { sample } from "./Sample.ts"

/** Makes a tool call block. */
export const call = (name: string, input: Unchecked, draw: Draw): Block => ({
  type: "tool_use",
  id: `toolu_01${draw.letters(`tool ${name}`, 22)}`,
  name,
  input,
  caller: { type: "direct" }
})

const answersATool = (prompt: Prompt): boolean => {
  const last = objectOf(listOf(prompt.body["messages"]).at(-1))
  return listOf(last?.["content"]).some((block) => objectOf(block)?.["type"] === "tool_result")
}

const nameOf = (tool: Unchecked): string => (typeof tool["name"] === "string" ? tool["name"] : "tool")

const overlap = (tool: Unchecked, question: string): number => {
  const text = `${nameOf(tool).replaceAll(/[_-]/g, " ")} ${typeof tool["description"] === "string" ? tool["description"] : ""}`
  const words = new Set(question.toLowerCase().match(/[a-z]{4,}/g) ?? [])
  return (text.toLowerCase().match(/[a-z]{4,}/g) ?? []).filter((word) => words.has(word)).length
}

/** Gives a call of a client tool where the request leads to one: forced, or offered and not yet answered. */
export const answer = (prompt: Prompt, draw: Draw): Answer | undefined => {
  const own = toolsOf(prompt.body).filter((tool) => tool["input_schema"] !== undefined)
  const choice = objectOf(prompt.body["tool_choice"])
  if (own.length === 0 || choice?.["type"] === "none") return undefined
  const forced = choice?.["type"] === "tool" ? own.find((tool) => tool["name"] === choice["name"]) : undefined
  if (forced === undefined && choice?.["type"] !== "any" && answersATool(prompt)) return undefined
  const tool = forced ?? own.toSorted((a, b) => overlap(b, prompt.instruction) - overlap(a, prompt.instruction))[0]!
  const input = sample(objectOf(tool["input_schema"]) ?? {}, prompt.instruction.slice(0, 80), draw)
  return { content: [call(nameOf(tool), objectOf(input) ?? {}, draw)], stopReason: "tool_use" }
}

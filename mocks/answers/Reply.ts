/** A written reply, as a test or a scenario file gives it, and the answer it makes for one request. */
import * as Answer from "./Answer.ts"
import type { Block } from "../wire/Completion.ts"
import type { SeededRandom } from "../time/SeededRandom.ts"
import * as WrittenSynthesis from "./WrittenSynthesis.ts"
import { answerSchema, type Prompt } from "./Prompt.ts"
import { objectOf, type UncheckedJson } from "../wire/UncheckedJson.ts"
import * as Responder from "./Responder.ts"
import { sample } from "./Sample.ts"
import * as ServerTools from "./ServerTools.ts"
import * as Tools from "./Tools.ts"

/**
 * Instructions beyond plain text; every key begins with `$`. `$text` and `$thinking` are prose, `$tool` a tool call, `$content`
 * whole blocks, `$refusal` a policy category, `$stop` the stop reason, `$fold` a synthesis in parts.
 */
export interface Directive {
  readonly $text?: string
  readonly $thinking?: string
  readonly $tool?: { readonly name: string; readonly input: UncheckedJson }
  readonly $content?: ReadonlyArray<Block>
  readonly $refusal?: "cyber" | "bio" | "frontier_llm" | "reasoning_extraction" | "general_harms"
  readonly $stop?: string
  readonly $fold?: WrittenSynthesis.WrittenSynthesis
}

/** Text, a JSON value for a structured answer, or a directive. */
export type Reply = string | Directive | UncheckedJson

const directive = (reply: Reply): Directive | undefined =>
  typeof reply === "object" && Object.keys(reply).length > 0 && Object.keys(reply).every((key) => key.startsWith("$"))
    ? reply
    : undefined

/** Says whether a reply can only answer a synthesis. */
export const isWrittenSynthesis = (reply: Reply): boolean => directive(reply)?.$fold !== undefined

const isJson = (text: string): boolean => {
  try {
    return typeof JSON.parse(text) === "object"
  } catch {
    return false
  }
}

/** The extended thinking that a request asks for: none, hidden (an empty block) or readable. */
const thinkingMode = (prompt: Prompt): "none" | "hidden" | "readable" => {
  const thinking = objectOf(prompt.body["thinking"])
  if (thinking === undefined || thinking["type"] === "disabled") return "none"
  return thinking["display"] === "omitted" ? "hidden" : "readable"
}

const withThinking = (
  answer: Answer.Answer,
  prompt: Prompt,
  given: string | undefined,
  random: SeededRandom
): Answer.Answer => {
  const mode = thinkingMode(prompt)
  if (mode === "none" && given === undefined) return answer
  const thinking = given ?? `The request is about “${prompt.instruction.slice(0, 80)}”. I answer it briefly.`
  const block = {
    type: "thinking",
    thinking: mode === "hidden" ? "" : thinking,
    signature: random.letters("signature", 256)
  }
  return { ...answer, content: [block, ...answer.content] }
}

const structured = (prompt: Prompt, schema: UncheckedJson, random: SeededRandom): Answer.Answer =>
  Answer.ofText(JSON.stringify(sample(schema, Responder.line(prompt), random)))

const prose = (prompt: Prompt, text: string, random: SeededRandom): Answer.Answer =>
  (prompt.part === "ask" ? ServerTools.answer(prompt, text, random) : undefined) ?? Answer.ofText(text)

/** Models from 5 on think unasked in about one answer of five, and show an empty block for it. */
const unaskedShare = 0.2

const unasked = (answer: Answer.Answer, prompt: Prompt, random: SeededRandom): Answer.Answer =>
  prompt.body["thinking"] === undefined &&
  Number(/^claude-[a-z]+-(\d+)/.exec(prompt.model)?.[1] ?? 0) >= 5 &&
  random.uniform("thinks unasked") < unaskedShare
    ? {
        ...answer,
        content: [{ type: "thinking", thinking: "", signature: random.letters("signature", 256) }, ...answer.content],
        hiddenThinkingTokens: 20 + Math.floor(random.uniform("unasked thinking") * 180)
      }
    : answer

/** Makes the answer when nothing was written for the request. */
export const simulate = (prompt: Prompt, random: SeededRandom): Answer.Answer => {
  const schema = answerSchema(prompt.body)
  const answer =
    Tools.answer(prompt, random) ??
    (schema === undefined ? prose(prompt, Responder.text(prompt, random), random) : structured(prompt, schema, random))
  return unasked(withThinking(answer, prompt, undefined, random), prompt, random)
}

/** Makes the answer that `reply` stands for. A request with an answer schema gets JSON: the reply's own, or one that fits. */
export const answer = (reply: Reply, prompt: Prompt, random: SeededRandom): Answer.Answer => {
  const order = directive(reply)
  const schema = answerSchema(prompt.body)
  if (order?.$refusal !== undefined) {
    return {
      content: order.$text === undefined ? [] : [{ type: "text", text: order.$text }],
      stopReason: "refusal",
      stopDetails: { type: "refusal", category: order.$refusal, explanation: null }
    }
  }
  if (order?.$content !== undefined) return { content: order.$content, stopReason: order.$stop ?? "end_turn" }
  if (order?.$tool !== undefined) {
    const call = Tools.call(order.$tool.name, order.$tool.input, random)
    const said = order.$text === undefined ? [] : [{ type: "text", text: order.$text }]
    return withThinking({ content: [...said, call], stopReason: "tool_use" }, prompt, order.$thinking, random)
  }
  const text =
    order === undefined
      ? typeof reply === "string"
        ? reply
        : JSON.stringify(reply)
      : order.$fold === undefined
        ? (order.$text ?? Responder.text(prompt, random))
        : WrittenSynthesis.write(order.$fold, prompt)
  const made =
    schema !== undefined && !isJson(text)
      ? structured(prompt, schema, random)
      : schema === undefined
        ? prose(prompt, text, random)
        : Answer.ofText(text)
  const stopped = order?.$stop === undefined ? made : { ...made, stopReason: order.$stop }
  return withThinking(stopped, prompt, order?.$thinking, random)
}

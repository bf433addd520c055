/** A reply as a test or a scenario writes it, and the answer that it becomes for one request. */
import * as Answer from "./Answer.ts"
import type { Block } from "../wire/Completion.ts"
import type { SeededRandom } from "../time/SeededRandom.ts"
import * as DocumentCitations from "./DocumentCitations.ts"
import * as WrittenSynthesis from "./WrittenSynthesis.ts"
import * as Decomposition from "./Decomposition.ts"
import * as JoinedVotes from "./JoinedVotes.ts"
import { answerSchema, type Prompt } from "./Prompt.ts"
import { objectOf, type UncheckedJson } from "../wire/UncheckedJson.ts"
import * as Models from "../wire/Models.ts"
import * as Responder from "./Responder.ts"
import { sample } from "./Sample.ts"
import * as ServerTools from "./ServerTools.ts"
import * as Tokens from "../wire/Tokens.ts"
import * as Tools from "./Tools.ts"

/**
 * A reply beyond plain text. `$text` and `$thinking` are prose, `$tool` is a tool call, `$content` replaces all blocks, `$refusal`
 * is the category of a refusal, `$stop` the stop reason, `$fold` the parts of a synthesis.
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

/** Text, a JSON object for a structured answer, or a directive (an object whose keys all begin with `$`). */
export type Reply = string | Directive | UncheckedJson

const directiveOf = (reply: Reply): Directive | undefined =>
  typeof reply === "object" && Object.keys(reply).length > 0 && Object.keys(reply).every((key) => key.startsWith("$"))
    ? reply
    : undefined

/** Gives whether a reply is the parts of a synthesis, and so cannot answer an ask. */
export const isWrittenSynthesis = (reply: Reply): boolean => directiveOf(reply)?.$fold !== undefined

const isJson = (text: string): boolean => {
  try {
    return typeof JSON.parse(text) === "object"
  } catch {
    return false
  }
}

/** The thinking that a request asks for: none, hidden (a block without text) or readable. */
const thinkingMode = (prompt: Prompt): "none" | "hidden" | "readable" => {
  const thinking = objectOf(prompt.body["thinking"])
  if (thinking?.["type"] !== "enabled" && thinking?.["type"] !== "adaptive") return "none"
  const isOmitted = Models.find(prompt.model)?.thinking.isOmitted === true
  return (thinking["display"] ?? (isOmitted ? "omitted" : "summarized")) === "omitted" ? "hidden" : "readable"
}

const withThinking = (
  answer: Answer.Answer,
  prompt: Prompt,
  written: string | undefined,
  random: SeededRandom
): Answer.Answer => {
  const mode = thinkingMode(prompt)
  if (mode === "none" && written === undefined) return answer
  const thinking = written ?? `The request is about “${prompt.instruction.slice(0, 80)}”. I answer it briefly.`
  const isHidden = mode === "hidden"
  const block = {
    type: "thinking",
    thinking: isHidden ? "" : thinking,
    signature: random.letters("signature", 256)
  }
  return {
    ...answer,
    content: [block, ...answer.content],
    ...(isHidden && { hiddenThinkingTokens: Tokens.ofText(thinking) })
  }
}

const structured = (prompt: Prompt, schema: UncheckedJson, random: SeededRandom): Answer.Answer =>
  Answer.ofText(
    JSON.stringify(
      JoinedVotes.write(prompt) ?? Decomposition.write(prompt) ?? sample(schema, Responder.line(prompt), random)
    )
  )

const prose = (prompt: Prompt, text: string, random: SeededRandom): Answer.Answer =>
  (prompt.part === "ask"
    ? (ServerTools.answer(prompt, text, random) ?? DocumentCitations.answer(prompt, text))
    : undefined) ?? Answer.ofText(text)

/** Models that think by default send an empty block in about 20 % of their answers to requests without `thinking`. */
const unrequestedShare = 0.2

const withUnrequestedThinking = (answer: Answer.Answer, prompt: Prompt, random: SeededRandom): Answer.Answer =>
  prompt.body["thinking"] === undefined &&
  (Models.find(prompt.model)?.thinking.isOn ?? "no") !== "no" &&
  random.uniform("thinks unasked") < unrequestedShare
    ? {
        ...answer,
        content: [{ type: "thinking", thinking: "", signature: random.letters("signature", 256) }, ...answer.content],
        hiddenThinkingTokens: 20 + Math.floor(random.uniform("unasked thinking") * 180)
      }
    : answer

/** Makes the answer of a request for which no reply is registered. */
export const simulate = (prompt: Prompt, random: SeededRandom): Answer.Answer => {
  const schema = answerSchema(prompt.body)
  const answer =
    Tools.answer(prompt, random) ??
    (schema === undefined ? prose(prompt, Responder.text(prompt, random), random) : structured(prompt, schema, random))
  return withUnrequestedThinking(withThinking(answer, prompt, undefined, random), prompt, random)
}

/** Makes the answer of a registered reply; with an answer schema, a reply that is not JSON becomes a sample of the schema. */
export const answer = (reply: Reply, prompt: Prompt, random: SeededRandom): Answer.Answer => {
  const directive = directiveOf(reply)
  const schema = answerSchema(prompt.body)
  if (directive?.$refusal !== undefined) {
    return {
      content: directive.$text === undefined ? [] : [{ type: "text", text: directive.$text }],
      stopReason: "refusal",
      stopDetails: { type: "refusal", category: directive.$refusal, explanation: null }
    }
  }
  if (directive?.$content !== undefined)
    return { content: directive.$content, stopReason: directive.$stop ?? "end_turn" }
  if (directive?.$tool !== undefined) {
    const call = Tools.call(directive.$tool.name, directive.$tool.input, random)
    const texts = directive.$text === undefined ? [] : [{ type: "text", text: directive.$text }]
    return withThinking({ content: [...texts, call], stopReason: "tool_use" }, prompt, directive.$thinking, random)
  }
  const text =
    directive === undefined
      ? typeof reply === "string"
        ? reply
        : JSON.stringify(reply)
      : directive.$fold === undefined
        ? (directive.$text ?? Responder.text(prompt, random))
        : prompt.foldWords === undefined
          ? WrittenSynthesis.write(directive.$fold, prompt)
          : WrittenSynthesis.condense(prompt)
  const completed =
    schema !== undefined && !isJson(text)
      ? structured(prompt, schema, random)
      : schema === undefined
        ? prose(prompt, text, random)
        : Answer.ofText(text)
  const stopped = directive?.$stop === undefined ? completed : { ...completed, stopReason: directive.$stop }
  return withThinking(stopped, prompt, directive?.$thinking, random)
}

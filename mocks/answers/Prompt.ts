/** What a Messages request says, read once: the texts that matchers look at, and the findings of a synthesis. */
import { listOf, objectOf, objectsOf, type UncheckedJson } from "../wire/UncheckedJson.ts"

/** One answered question inside a synthesis prompt. */
export interface Finding {
  readonly name: string
  readonly question: string
  readonly answer: string
}

/** The readable side of a request. `part` is "synthesis" when the user text carries findings or gaps. */
export interface Prompt {
  readonly model: string
  readonly system: string
  /** All text of the last user turn. */
  readonly user: string
  /** The user text without findings and gaps; of an ask, its last block of text. */
  readonly instruction: string
  readonly part: "ask" | "synthesis"
  readonly findings: ReadonlyArray<Finding>
  /** Names of questions that have no answer. */
  readonly gaps: ReadonlyArray<string>
  readonly body: UncheckedJson
}

/** Gives the text blocks of a content value, a bare string being one. */
export const textsOf = (content: unknown): ReadonlyArray<string> =>
  typeof content === "string"
    ? [content]
    : listOf(content).flatMap((block) => {
        const text = objectOf(block)?.["type"] === "text" ? objectOf(block)?.["text"] : undefined
        return typeof text === "string" ? [text] : []
      })

const findingBlock = /<finding\b[^>]*?\bname="([^"]*)"[^>]*>([\s\S]*?)<\/finding>/g
const gapBlock = /<gap\b[^>]*?\bname="([^"]*)"[^>]*?(?:\/>|>[\s\S]*?<\/gap>)/g
const entities: Readonly<Record<string, string>> = {
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&apos;": "'",
  "&amp;": "&"
}
const inner = (text: string, tag: string): string =>
  (new RegExp(`<${tag}\\b[^>]*>([\\s\\S]*?)</${tag}>`).exec(text)?.[1] ?? "")
    .trim()
    .replaceAll(/&(?:lt|gt|quot|apos|amp);/g, (entity) => entities[entity]!)

const lastUserTexts = (body: UncheckedJson): ReadonlyArray<string> => {
  for (const message of listOf(body["messages"]).toReversed()) {
    const turn = objectOf(message)
    const texts = turn?.["role"] === "user" ? textsOf(turn["content"]) : []
    if (texts.some((text) => text.trim() !== "")) return texts
  }
  return []
}

/** What is left of a synthesis's text without its findings, its gaps and the sentence about them. */
const apartFromFindings = (user: string): string =>
  user
    .replaceAll(findingBlock, "")
    .replaceAll(gapBlock, "")
    .replaceAll(/<\/?findings>|^These asks have no answer:.*$/gm, "")

/** Reads a request body. Never throws: what is not there reads as empty. */
export const read = (body: UncheckedJson): Prompt => {
  const texts = lastUserTexts(body)
  const user = texts.join("\n\n")
  const findings = user.includes("<finding")
    ? [...user.matchAll(findingBlock)].map((match) => ({
        name: match[1]!,
        question: inner(match[2]!, "question"),
        answer: inner(match[2]!, "answer")
      }))
    : []
  const gaps = user.includes("<gap") ? [...user.matchAll(gapBlock)].map((match) => match[1]!) : []
  const part = findings.length + gaps.length > 0 ? "synthesis" : "ask"
  const instruction = part === "synthesis" ? apartFromFindings(user) : (texts.at(-1) ?? "")
  return {
    model: typeof body["model"] === "string" ? body["model"] : "",
    system: textsOf(body["system"]).join("\n\n"),
    user,
    instruction: instruction.trim(),
    part,
    findings,
    gaps,
    body
  }
}

/** Gives the JSON schema that the answer must fit, if the request has one (`output_format` is the older spelling). */
export const answerSchema = (body: UncheckedJson): UncheckedJson | undefined => {
  const format = objectOf(objectOf(body["output_config"])?.["format"]) ?? objectOf(body["output_format"])
  return format?.["type"] === "json_schema" ? objectOf(format["schema"]) : undefined
}

/** Gives the tools of a request as objects. */
export const toolsOf = (body: UncheckedJson): ReadonlyArray<UncheckedJson> => objectsOf(body["tools"])

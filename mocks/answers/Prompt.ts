/** The texts of a Messages request that matchers and answers read, and the findings of a synthesis. */
import { listOf, objectOf, objectsOf, type UncheckedJson } from "../wire/UncheckedJson.ts"

/** One answered question in the prompt of a synthesis. */
export interface Finding {
  readonly name: string
  readonly question: string
  readonly answer: string
  /** It is the text of a fold, whose statements have marks already. */
  readonly isFolded: boolean
}

export type Part = "ask" | "synthesis" | "comparison"

/** The texts of a request. `part` is "synthesis" if the last user turn has findings or gaps, and "comparison" if these are to be compared. */
export interface Prompt {
  readonly model: string
  readonly system: string
  /** All text of the last user turn. */
  readonly user: string
  /** For a synthesis, `user` without findings and gaps; for an ask, the last text block of `user`. */
  readonly instruction: string
  readonly part: Part
  readonly findings: ReadonlyArray<Finding>
  /** The statements of the document are to name the findings that they rest on. */
  readonly isCited: boolean
  /** What the document is to settle, a line each. */
  readonly contradictions: ReadonlyArray<string>
  /** For a fold that is not the document: the most words that its text may have. */
  readonly foldWords?: number
  /** The names of asks without an answer. */
  readonly gaps: ReadonlyArray<string>
  readonly body: UncheckedJson
}

/** Gives the texts of a content value: a string, or the text blocks of an array. */
export const textsOf = (content: unknown): ReadonlyArray<string> =>
  typeof content === "string"
    ? [content]
    : listOf(content).flatMap((block) => {
        const text = objectOf(block)?.["type"] === "text" ? objectOf(block)?.["text"] : undefined
        return typeof text === "string" ? [text] : []
      })

const findingBlock = /<finding\b[^<>]*?\bname="([^"]*)"[^<>]*>([\s\S]*?)<\/finding>/g
const gapBlock = /<gap\b[^<>]*?\bname="([^"]*)"[^<>]*?(?:\/>|>[\s\S]*?<\/gap>)/g
const emptyGap = /<gap\b[^<>]*?\bname="([^"]*)"[^<>]*?\/>/g

/**
 * A text up to the last closing tag, and the rest. Blocks are looked for in the first part only: in the rest, the end of each would
 * be looked for in all of the text after it.
 */
const splitAfter = (text: string, tag: string): readonly [string, string] => {
  const at = text.lastIndexOf(tag)
  const end = at < 0 ? 0 : at + tag.length
  return [text.slice(0, end), text.slice(end)]
}

/** Most prompts have no such block: they are spared the copy of the expression that `matchAll` makes. */
const matchesOf = (block: RegExp, text: string): ReadonlyArray<RegExpExecArray> =>
  text.includes("<") ? [...text.matchAll(block)] : []

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

/** Removes findings, gaps and the sentence that introduces the gaps from the text of a synthesis. */
const withoutFindings = (user: string): string => {
  const [closed, rest] = splitAfter(user, "</finding>")
  const [closedGaps, other] = splitAfter(closed.replaceAll(findingBlock, "") + rest, "</gap>")
  const text = closedGaps.replaceAll(gapBlock, "") + other.replaceAll(emptyGap, "")
  return text.replaceAll(/<\/?findings>|^These asks have no answer:.*$/gm, "")
}

/** Reads a request body of any shape; missing texts are empty. */
export const read = (body: UncheckedJson): Prompt => {
  const texts = lastUserTexts(body)
  const user = texts.join("\n\n")
  const [closed] = splitAfter(user, "</finding>")
  const findings = matchesOf(findingBlock, closed).map((match) => ({
    name: match[1]!,
    question: inner(match[2]!, "question"),
    answer: inner(match[2]!, "answer"),
    isFolded: /^<finding\b[^<>]*\basks="/.test(match[0])
  }))
  const [closedGaps, rest] = splitAfter(user, "</gap>")
  const gaps = [...matchesOf(gapBlock, closedGaps), ...matchesOf(emptyGap, rest)].map((match) => match[1]!)
  const isFromFindings = findings.length + gaps.length > 0
  const instruction = isFromFindings ? withoutFindings(user) : (texts.at(-1) ?? "")
  const isComparison = isFromFindings && /^Compare these findings and name every point/m.test(instruction)
  const part = isComparison ? "comparison" : isFromFindings ? "synthesis" : "ask"
  const words = /^These findings are one part of all\..* at most ([\d,]+) words\.$/m.exec(instruction)?.[1]
  const contradicted = /^<contradictions>\n([\s\S]*?)\n<\/contradictions>$/m.exec(instruction)?.[1] ?? ""
  return {
    contradictions: contradicted.split("\n").flatMap((line) => (line.startsWith("- ") ? [line.slice(2)] : [])),
    ...(words !== undefined && { foldWords: Number(words.replaceAll(",", "")) }),
    isCited: /^Write after each statement, before its full stop/m.test(instruction),
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

/** Gives the JSON schema of a structured answer, if the request has one; `output_format` is the older name of the field. */
export const answerSchema = (body: UncheckedJson): UncheckedJson | undefined => {
  const format = objectOf(objectOf(body["output_config"])?.["format"]) ?? objectOf(body["output_format"])
  return format?.["type"] === "json_schema" ? objectOf(format["schema"]) : undefined
}

/** Gives the tools of a request. */
export const toolsOf = (body: UncheckedJson): ReadonlyArray<UncheckedJson> => objectsOf(body["tools"])

/** The prompt of a synthesis: the findings in tags that no text of an answer can close, the gaps by name, the instruction. */
import { sourcesOf, textOf } from "../claude/Message.ts"
import type { Finding, Findings } from "./Findings.ts"

/** Every finding with its question and sources, every gap by name, then the instruction. */
export const promptOf = (instruction: string, { findings, gaps }: Pick<Findings, "findings" | "gaps">): string => {
  const names = gaps.map(({ name }) => name).join(", ")
  const missing =
    gaps.length === 0
      ? []
      : [
          `These asks have no answer: ${names}. Say in the document what is missing because of it. ` +
            "Do not fill these gaps from what you know, and do not invent."
        ]
  return [`<findings>\n${findings.map(blockOf).join("\n")}\n</findings>`, ...missing, instruction].join("\n\n")
}

const blockOf = (finding: Finding): string => {
  const question = `<question>${inert(finding.question)}</question>`
  if (finding.outcome._tag !== "Answered") return `<gap name="${finding.name}">\n${question}\n</gap>`
  const { reply } = finding.outcome
  const sources = sourcesOf(reply).map(({ title, url }) => `- ${inertLine(title)}: ${inertLine(url)}`)
  const listed = sources.length === 0 ? "" : `<sources>\n${sources.join("\n")}\n</sources>\n`
  return `<finding name="${finding.name}">\n${question}\n<answer>\n${inert(textOf(reply))}\n</answer>\n${listed}</finding>`
}

/** A pattern of a tag's name: each letter may be fullwidth, and may be followed by invisible characters. */
const spelled = (tag: string): string =>
  [...tag].map((letter) => `[${letter}${String.fromCodePoint(letter.codePointAt(0)! + 0xfee0)}]`).join("\\p{Cf}*")

const tags = ["finding", "findings", "gap", "question", "answer", "sources"].map(spelled).join("|")

/** The bracket before a tag that this prompt uses, opening or closing, in every form that Claude might read as one. */
const tag = new RegExp(`[<＜﹤](?=[\\s\\p{C}/／∕⁄\\\\＼]*(?:${tags})(?!\\p{Cf}*[\\p{L}\\p{N}_]))`, "giu")

/** Replaces the brackets of tags, so that text of a model or a web page cannot close the block it stands in. */
const inert = (text: string): string => text.replace(tag, "‹")

/** The same for text that must stay on one line. */
const inertLine = (text: string): string => inert(text.replace(/[\s\p{Cc}]+/gu, " ").trim())

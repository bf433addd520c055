/** The prompt of a synthesis: the findings in tags that no text of an answer can close, the gaps by name, the instruction. */
import type { Contradiction } from "../claude/Contradiction.ts"
import { sourcesOf, sourceText, textOf } from "../claude/Message.ts"
import { namesListed } from "../cost/FoldTree.ts"
import { bytesOf } from "../cost/TextLength.ts"
import { numberText } from "../options/NumberText.ts"
import { agreementText } from "./Agreement.ts"
import type { FoldInput } from "./Folding.ts"

/** The text of a fold, as a finding of the next: it stands for the answers to `asks`. */
export interface Folded {
  readonly name: string
  readonly asks: ReadonlyArray<string>
  readonly text: string
}

/** Every finding with its question and sources, every gap by name, then the instruction. */
export const promptOf = (
  instruction: string,
  { findings, gaps }: { readonly findings: ReadonlyArray<FoldInput>; readonly gaps: ReadonlyArray<FoldInput> }
): string => joined(findings.map(blockOf), ...missingOf(gaps), instruction)

/** The prompt of a document whose findings are, in part, texts of folds. */
export const promptOfParts = (
  instruction: string,
  parts: ReadonlyArray<FoldInput | Folded>,
  gaps: ReadonlyArray<FoldInput>
): string => joined([...parts, ...gaps].map(blockOf), ...missingOf(gaps), instruction)

/** The text of a fold has at most this share of the tokens that it reads: each is paid as output, and read once more. */
export const foldedShare = 1 / 8

/** Words of a fold's text for each of its tokens at most: half of what would fit, so that no text is cut off. */
const wordsPerToken = 0.4

/** The prompt of a fold that is not the document: another one will read its text instead of the findings. */
export const foldPromptOf = (
  instruction: string,
  parts: ReadonlyArray<FoldInput | Folded>,
  maxTokens: number,
  tokensRead: number
): string =>
  joined(
    parts.map(blockOf),
    "These findings are one part of all. Condense them: another text will be made of yours and those of the other parts, " +
      "and nothing of these findings is known there but what you write. Keep every fact, name, number, date, quotation, " +
      "uncertainty, disagreement and the address of every source that is used. Write after each statement, in brackets, the names of the " +
      `findings that it rests on, such as [${parts.flatMap(asksOf)[0]}]. ` +
      `No headings, no introduction, at most ${numberText(foldWordsOf(parts.length, maxTokens, tokensRead))} words.`,
    `What that text is for, which is not to be done here:\n<instruction>\n${inert(instruction)}\n</instruction>`
  )

/** Bytes of the contradictions in a prompt, at most; of more the number is given. */
export const maxContradictionBytes = 6000

/** An instruction, or a prompt that ends with one, and what it is to settle. */
export const withContradictions = (prompt: string, contradictions: ReadonlyArray<Contradiction>): string => {
  if (contradictions.length === 0) return prompt
  let left = maxContradictionBytes - 800
  const lines = contradictions
    .map(({ statements, subject }) => {
      const said = statements.map(({ ask, text }) => `${ask} says: ${inertLine(text).slice(0, 300)}`)
      return `- ${inertLine(subject).slice(0, 200)}: ${said.join(" | ")}`
    })
    .filter((line) => (left -= bytesOf(line) + 1) >= 0)
  const more = contradictions.length - lines.length
  return [
    prompt,
    `The findings contradict each other:\n<contradictions>\n${lines.join("\n")}\n</contradictions>`,
    `${more > 0 ? `There are ${numberText(more)} more. ` : ""}Settle each of them in the document with a reason, or call it open: name what each finding says, and use ` +
      "neither as if the other were not there."
  ].join("\n\n")
}

/** Words of a fold's text at most: 30 for each of its parts, or an eighth of what it reads, and what fits into its output. */
const foldWordsOf = (parts: number, maxTokens: number, tokensRead: number): number => {
  const fitting = Math.max(20, Math.floor(maxTokens * wordsPerToken))
  return Math.min(fitting, Math.max(30 * parts, Math.floor(tokensRead * foldedShare * englishWordsPerToken)))
}

/** The same in tokens. */
export const foldTokensOf = (parts: number, maxTokens: number, tokensRead: number): number =>
  Math.ceil(foldWordsOf(parts, maxTokens, tokensRead) / englishWordsPerToken)

const englishWordsPerToken = 0.75

const asksOf = (part: FoldInput | Folded): ReadonlyArray<string> => ("asks" in part ? part.asks : [part.name])

const joined = (blocks: ReadonlyArray<string>, ...rest: ReadonlyArray<string>): string =>
  [`<findings>\n${blocks.join("\n")}\n</findings>`, ...rest].join("\n\n")

const missingOf = (gaps: ReadonlyArray<FoldInput>): ReadonlyArray<string> =>
  gaps.length === 0
    ? []
    : [
        `These asks have no answer: ${gaps.map(({ name }) => name).join(", ")}. Say in the document what is missing because of it. ` +
          "Do not fill these gaps from what you know, and do not invent."
      ]

/** All names, or of many the first and the last, as the folds of a tree take neighbours. */
const namesText = (asks: ReadonlyArray<string>): string =>
  asks.length <= namesListed ? asks.join(", ") : `${asks[0]} to ${asks.at(-1)}, ${numberText(asks.length)} asks`

const foldedBlock = ({ asks, name, text }: Folded): string =>
  `<finding name="${name}" asks="${namesText(asks)}">\n<answer>\n${inert(text)}\n</answer>\n</finding>`

export const blockOf = (finding: FoldInput | Folded): string => {
  if ("asks" in finding) return foldedBlock(finding)
  const question = `<question>${inert(finding.question)}</question>`
  if (finding.outcome._tag !== "Answered") return `<gap name="${finding.name}">\n${question}\n</gap>`
  const { agreement, reply } = finding.outcome
  const votes = agreement === undefined ? "" : ` votes="${agreementText(agreement)}"`
  const sources = sourcesOf(reply).map(
    (source) => `- ${inertLine(sourceText(source))}${source.url === undefined ? "" : `: ${inertLine(source.url)}`}`
  )
  const listed = sources.length === 0 ? "" : `<sources>\n${sources.join("\n")}\n</sources>\n`
  return `<finding name="${finding.name}"${votes}>\n${question}\n<answer>\n${inert(textOf(reply))}\n</answer>\n${listed}</finding>`
}

/** A pattern of a tag's name: each letter may be fullwidth, and may be followed by invisible characters. */
const spelled = (tag: string): string =>
  [...tag].map((letter) => `[${letter}${String.fromCodePoint(letter.codePointAt(0)! + 0xfee0)}]`).join("\\p{Cf}*")

const tags = ["finding", "findings", "gap", "question", "answer", "sources", "instruction", "contradictions"]

const bracket = /[<＜﹤]/

/** The bracket before a tag that this prompt uses, opening or closing, in every form that Claude might read as one. */
const tagOf = () =>
  new RegExp(`[<＜﹤](?=[\\s\\p{C}/／∕⁄\\\\＼]*(?:${tags.map(spelled).join("|")})(?!\\p{Cf}*[\\p{L}\\p{N}_]))`, "giu")

// Made for the first text that has a bracket: the tables of this pattern are large.
let tag: RegExp | undefined

/** Replaces the brackets of tags, so that text of a model or a web page cannot close the block it stands in. */
export const inert = (text: string): string => (bracket.test(text) ? text.replace((tag ??= tagOf()), "‹") : text)

/** The same for text that must stay on one line. */
const inertLine = (text: string): string => inert(text.replace(/[\s\p{Cc}]+/gu, " ").trim())

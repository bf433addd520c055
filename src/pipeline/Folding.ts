/** What is folded, level by level, where findings do not fit into one request: plain data, and the sizes that decide about it. */
import type { Contradiction } from "../claude/Contradiction.ts"
import { ownUsageOf, type Reply, sourcesOf, textOf } from "../claude/Message.ts"
import type { Models } from "../claude/Models.ts"
import * as FoldTree from "../cost/FoldTree.ts"
import { charactersPerToken } from "../cost/TextLength.ts"
import { answerFrameTokens, tokenizerFactor } from "../cost/TokenCount.ts"
import { bytesOf } from "../cost/TextLength.ts"
import { numberText } from "../options/NumberText.ts"
import type { Agreement } from "./Agreement.ts"
import { highTokensOf } from "./SynthesisOptions.ts"

/** What a fold reads of an ask: its question, and the reply where there is one. Every `Finding` is one. */
export interface FoldInput {
  readonly name: string
  readonly index: number
  readonly question: string
  readonly outcome: AnsweredInput | { readonly _tag: "Failed" | "Interrupted" }
}

/** One with an answer. */
export interface AnsweredFinding extends FoldInput {
  readonly outcome: AnsweredInput
}

/** `agreement`: where it is the answer of several votes. */
interface AnsweredInput {
  readonly _tag: "Answered"
  readonly reply: Reply
  readonly agreement?: Agreement
}

/** The findings of a synthesis, and the tree in which they are folded, or in words why they cannot be. */
export interface Folding {
  readonly instruction: string
  readonly answered: ReadonlyArray<AnsweredFinding>
  readonly gaps: ReadonlyArray<FoldInput>
  readonly tree: FoldTree.Tree | string
  /** Set where one request may hold the findings after all, as estimates are high: the input tokens that it may have. */
  readonly closeTo?: number | undefined
  /** What the document is to settle. */
  readonly contradictions?: ReadonlyArray<Contradiction>
  /** Of a fold that is not the document: its output tokens at most, and its model where that is not the document's. */
  readonly maxTokens: number
  readonly model?: Models | undefined
}

/** One fold: the document, or what it is made of. `asks`: those that it stands for; `folded`: the size of what it reads. */
export interface Fold {
  readonly name: string
  readonly level: number
  readonly instruction: string
  readonly asks: ReadonlyArray<string>
  readonly folded: { readonly tokens: number; readonly bytes: number }
}

const isAnswered = (finding: FoldInput): finding is AnsweredFinding => finding.outcome._tag === "Answered"

/** The folding of findings; `undefined` where one request holds them all. */
export const make = (
  instruction: string,
  { findings, gaps }: { readonly findings: ReadonlyArray<FoldInput>; readonly gaps: ReadonlyArray<FoldInput> },
  given: FoldTree.Limits | undefined,
  model?: Models
): Folding | undefined => {
  if (given === undefined) return undefined
  const answered = findings.filter(isAnswered)
  const missing = gaps.reduce((sum, { name, question }) => sum + highTokensOf(question) + highTokensOf(name) + 20, 0)
  const limits = { ...given, frame: given.frame + missing }
  const sizes = answered.map(tokensOf)
  const tree = FoldTree.make(sizes, limits)
  if ("levels" in tree && tree.levels === 1) return undefined
  return {
    instruction,
    answered,
    gaps,
    maxTokens: FoldTree.foldMaxTokens(limits),
    model,
    closeTo: isClose(sizes, limits) ? limits.window - limits.maxTokens : undefined,
    tree: "levels" in tree ? tree : unfoldableText(tree, answered)
  }
}

/** Whether findings that are estimated to be more than one request holds may be less. */
export const isClose = (sizes: ReadonlyArray<number>, limits: FoldTree.Limits): boolean =>
  sizes.length <= limits.fanIn &&
  sizes.reduce((sum, size) => sum + Math.max(0, size - answerFrameTokens), 0) / tokenizerFactor <=
    FoldTree.documentRoom(limits)

/** Tokens of a finding in a fold: by its text, or by what Claude counted where that is more. */
const tokensOf = ({ name, outcome: { reply }, question }: AnsweredFinding): number =>
  answerTokensOf(reply) + highTokensOf(question) + highTokensOf(name) + answerFrameTokens

const answerTokensOf = (reply: Reply): number => {
  const text = textOf(reply)
  const { outputTokens, thinkingTokens } = ownUsageOf(reply)
  const written = Math.max(text.length / charactersPerToken, (outputTokens - thinkingTokens) * tokenizerFactor)
  const sources = sourcesOf(reply)
  // A token stands for at least one byte.
  const own = Math.min(bytesOf(text), Math.ceil(written))
  return own + (sources.length === 0 ? 0 : highTokensOf(JSON.stringify(sources)))
}

const unfoldableText = (
  { position, room, tokens }: FoldTree.Unfoldable,
  answered: ReadonlyArray<AnsweredFinding>
): string => {
  const name = position === undefined ? undefined : answered[position]?.name
  const roomText = `a fold has room for ${numberText(Math.max(0, room))} tokens of findings`
  return name === undefined
    ? `the findings fit into no fold: ${roomText}, less than two texts of folds: raise synthesis.window, or lower its maxTokens`
    : `the answer to ${name} has about ${numberText(tokens)} tokens, and ${roomText}: raise synthesis.window, take a model with a larger one, or lower the maxTokens of ${name}`
}

/** What a synthesis costs that is folded level by level, estimated before anything is sent, and beside one request. */
import { askModel } from "../claude/Claude.ts"
import { noUsage } from "../claude/Message.ts"
import * as Models from "../claude/Models.ts"
import { dearestOf, type Prices, sumOf, usdOf } from "../claude/Price.ts"
import * as FoldTree from "../cost/FoldTree.ts"
import { tokensOf } from "../cost/SharedPrefix.ts"
import { estimateInputTokens } from "../cost/TokenCount.ts"
import * as ToolCosts from "../cost/ToolCosts.ts"
import * as WorstCase from "../cost/WorstCase.ts"
import { isClose } from "../pipeline/Folding.ts"
import { limitsOf } from "../pipeline/SynthesisOptions.ts"
import { foldTokensOf } from "../pipeline/SynthesisPrompt.ts"
import * as Synthesis from "../pipeline/Synthesis.ts"
import type { Foreseen, Tree } from "./Foreseen.ts"

/**
 * The tree with its input tokens, those of its longest request, and its cost, the document's included, or that of one request where
 * that may do and is dearer; `usd` is `undefined` where a model has no known price.
 */
export interface Estimate {
  readonly tree: Tree
  readonly inputTokens: number
  readonly longestTokens: number
  readonly usd: number | undefined
}

/** The tree of answers as long as they may be; `undefined` where one request holds them. */
export const of = (
  synthesis: Synthesis.Synthesis<unknown>,
  asks: ReadonlyArray<Foreseen>,
  prices: Prices
): Estimate | undefined => {
  const { fold, limits, options } = synthesis
  if (limits === undefined) return undefined
  const request = Synthesis.requestOf(synthesis)
  const models = Models.all(options.model)
  const foldModels = fold.foldModel === undefined ? models : Models.all(fold.foldModel)
  const sizes = asks.map((call) => WorstCase.answerTokens(answerOf(call)) + questionTokensOf(call))
  const own = treeOf(limits, sizes)
  if (own === undefined) return undefined
  const answers = asks.map((call) => answerOf(call).maxTokens + questionTokensOf(call))
  const ownTokens = estimateInputTokens(request)
  const costOf = (models: Names, inputTokens: number, outputTokens: number, webSearches = 0): number | undefined => {
    const usage = { ...noUsage, inputTokens, outputTokens, webSearches }
    return usdOf(dearestOf(models, usage, prices), usage, prices)
  }
  const documentCost = (findings: number) =>
    costOf(models, ownTokens + findings, request.maxTokens, ToolCosts.searchesOf(request))
  const costsOf = (tree: FoldTree.Tree, limits: FoldTree.Limits, foldModels: Names) => {
    const { document, folds } = usagesOf(tree, answers, FoldTree.foldMaxTokens(limits))
    const usd = sumOf([
      documentCost(document),
      ...folds.map(({ read, written }) => costOf(foldModels, ownTokens + read, written))
    ])
    const inputTokens = folds.reduce((sum, { read }) => sum + ownTokens + read, ownTokens + document)
    return {
      usd,
      inputTokens,
      longestTokens: folds.reduce((most, { read }) => Math.max(most, read), document) + ownTokens
    }
  }
  const one = documentCost(answers.reduce((sum, tokens) => sum + tokens, 0))
  const ratioOf = (usd: number | undefined) =>
    usd === undefined || one === undefined || one === 0 ? undefined : usd / one
  const costs = costsOf(own, limits, foldModels)
  const ratio = ratioOf(costs.usd)
  const isKnown = fold.foldModel === undefined && models[0].startsWith("claude-")
  const otherLimits = limitsOf({ ...fold, foldModel: askModel }, options.model, request)
  const other = isKnown && otherLimits !== undefined ? treeOf(otherLimits, sizes) : undefined
  const cheaper = other && ratioOf(costsOf(other, otherLimits!, [askModel]).usd)
  return {
    ...costs,
    ...(costs.usd !== undefined && isClose(sizes, limits) && { usd: Math.max(costs.usd, one ?? 0) }),
    tree: {
      levels: [...own.folds.map(({ length }) => length), 1],
      limit: asks.length > limits.fanIn ? { fanIn: limits.fanIn } : { window: limits.window },
      models: foldModels,
      ...(ratio !== undefined && { ratio }),
      ...(ratio !== undefined &&
        cheaper !== undefined &&
        cheaper < 0.9 * ratio && { cheaper: { model: askModel, ratio: cheaper } })
    }
  }
}

type Names = ReturnType<typeof Models.all>

const answerOf = ({ request, votes }: Foreseen) => votes?.joining?.request ?? request

const questionTokensOf = ({ request }: Foreseen): number => tokensOf(JSON.stringify(request.messages))

const treeOf = (limits: FoldTree.Limits, sizes: ReadonlyArray<number>): FoldTree.Tree | undefined => {
  const tree = FoldTree.make(sizes, limits)
  return "_tag" in tree || tree.levels === 1 ? undefined : tree
}

/** What each fold reads and writes, and the findings of the document, in tokens. */
const usagesOf = ({ folds, parts }: FoldTree.Tree, answers: ReadonlyArray<number>, maxTokens: number) => {
  const written = new Map<FoldTree.Fold, number>()
  const readBy = (parts: FoldTree.Tree["parts"]): number =>
    parts.reduce<number>((sum, part) => sum + (typeof part === "number" ? answers[part]! : written.get(part)!), 0)
  const usages = folds.flat().map((fold) => {
    const read = readBy(fold.parts)
    const tokens = foldTokensOf(fold.parts.length, maxTokens, read)
    written.set(fold, tokens)
    return { read, written: tokens }
  })
  return { folds: usages, document: readBy(parts) }
}

/** Checks, before anything is sent, that a budget bounds every call and that at least one ask and the synthesis fit into it. */
import { Result } from "effect"
import type { Request } from "../claude/Message.ts"
import * as Models from "../claude/Models.ts"
import { usdText } from "../claude/Price.ts"
import * as RefusalPolicy from "../claude/RefusalPolicy.ts"
import * as WorstCase from "../cost/WorstCase.ts"
import type { Options as Budget } from "../layers/Budget.ts"
import type { Options as StackOptions } from "../layers/Stack.ts"
import type * as Issue from "../options/Issue.ts"
import * as Ask from "../pipeline/Ask.ts"
import type { Pipeline } from "../pipeline/Pipeline.ts"
import * as PlannedVotes from "../pipeline/PlannedVotes.ts"
import * as Synthesis from "../pipeline/Synthesis.ts"

type Subject = Pick<Pipeline, "asks" | "synthesis" | "context">

/**
 * The calls that no budget can bound; without any, the limits that are lower than the cheapest ask with its synthesis may cost.
 * `budget`: US dollars, or limits of dollars and tokens. `defaults` are the settings of asks that set none.
 */
export const issuesOf = (
  { asks, context, synthesis }: Subject,
  budget: number | Budget,
  { batch, prices = {}, refusals = RefusalPolicy.standard }: Pick<StackOptions, "batch" | "prices" | "refusals"> = {},
  defaults: Ask.Options = {}
): ReadonlyArray<Issue.Issue> => {
  const limit: Budget = typeof budget === "number" ? { usd: budget } : budget
  const shared = { ...defaults, ...(context !== undefined && { context }) }

  const issues: Array<Issue.Issue> = []
  /** The cost at most with the first of the models; reports an issue where one of them has no bound. */
  const boundOf = (
    path: ReadonlyArray<string>,
    request: Request,
    models: Models.Models,
    isBatched = false,
    moreTokens = 0
  ) => {
    const hasFallback = !isBatched && Models.others(models).length === 0
    const full = RefusalPolicy.withFallbacks(request, !hasFallback, refusals)
    const bounds = WorstCase.byModel(full, Models.all(models), prices, limit.usd !== undefined, isBatched, moreTokens)
    if (Result.isSuccess(bounds)) return bounds.success[0]
    issues.push({ path, message: `no budget can bound this: ${bounds.failure}` })
    return undefined
  }

  const boundOfJoining = (name: string, { answerTokens, models, request }: PlannedVotes.Joining) =>
    boundOf(["asks", name, "votes"], request, models, false, answerTokens)

  const planned = synthesis === undefined ? undefined : Synthesis.planned(synthesis, asks, prices, refusals)
  const costs = Object.entries(asks).flatMap(([name, ask]): ReadonlyArray<WorstCase.Amount> => {
    const request = Ask.requestOf(ask, shared)
    const own = boundOf(["asks", name], request, Ask.modelsOf(ask, shared), batch !== undefined)
    if (own === undefined) return []
    const { atLeast, joining } = PlannedVotes.of(ask, shared) ?? { atLeast: 1, joining: undefined }
    // A single vote that comes is the answer as it is.
    const joined = atLeast > 1 ? joining : undefined
    const joinedMax = joined === undefined ? WorstCase.noAmount : boundOfJoining(name, joined)
    if (joinedMax === undefined) return []
    const joinedTokens = joined === undefined ? 0 : WorstCase.answerTokens(joined.request)
    const added = WorstCase.synthesis(planned, atLeast * WorstCase.answerTokens(request) + joinedTokens, prices)
    const votes = { usd: atLeast * own.usd, tokens: atLeast * own.tokens }
    return [[votes, joinedMax, added].reduce(WorstCase.add)]
  })
  if (synthesis !== undefined) {
    const request = Synthesis.requestOf(synthesis)
    const { foldModel } = synthesis.fold
    boundOf(["synthesis"], request, synthesis.options.model)
    if (foldModel !== undefined) {
      boundOf(["synthesis", "foldModel"], { ...request, model: Models.first(foldModel) }, foldModel)
    }
  }
  if (issues.length > 0) return issues

  for (const unit of ["usd", "tokens"] as const) {
    const given = limit[unit]
    const needed = costs.reduce((least, cost) => Math.min(least, cost[unit]), Number.POSITIVE_INFINITY)
    if (given === undefined || given >= needed) continue
    const [neededText, givenText] =
      unit === "usd" ? [usdText(needed, "up"), usdText(given)] : [`${Math.ceil(needed)} tokens`, `${given} tokens`]
    const what = synthesis === undefined ? "one ask" : "one ask and the synthesis"
    issues.push({
      path: ["budget"],
      message: `expected at least ${neededText}, what ${what} may take, got ${givenText}: raise it, or lower maxTokens`
    })
  }
  return issues
}

/** Whether a budget can work at all: told before anything is sent. */
import { Result } from "effect"
import * as Ask from "../pipeline/Ask.ts"
import type * as Issue from "../options/Issue.ts"
import type { Options as Budget } from "../layers/Budget.ts"
import type { Request } from "../claude/Message.ts"
import * as Models from "../claude/Models.ts"
import type { Pipeline } from "../pipeline/Pipeline.ts"
import type { Prices } from "../claude/Price.ts"
import * as Synthesis from "../pipeline/Synthesis.ts"
import * as WorstCase from "../cost/WorstCase.ts"

type Subject = Pick<Pipeline, "asks" | "synthesis" | "context">

/**
 * A budget that cannot bound a call, or that not even one ask and the synthesis fit into. `defaults` are those of asks that
 * set nothing themselves.
 */
export const issuesOf = (
  { asks, context, synthesis }: Subject,
  budget: number | Budget,
  prices: Prices = {},
  defaults: Ask.Options = {}
): ReadonlyArray<Issue.Issue> => {
  const limit: Budget = typeof budget === "number" ? { usd: budget } : budget
  const shared = { ...defaults, ...(context !== undefined && { context }) }
  const mostOf = (request: Request) => WorstCase.of(request, prices, limit.usd !== undefined)

  const issues: Array<Issue.Issue> = []
  /** What a request may take with the first of its models; each of them must have a bound. */
  const told = (path: ReadonlyArray<string>, request: Request, models: Models.Models): WorstCase.Amount | undefined => {
    const most = Result.all(Models.all(models).map((model) => mostOf({ ...request, model })))
    if (Result.isSuccess(most)) return most.success[0]
    issues.push({ path, message: `no budget can bound this: ${most.failure}` })
    return undefined
  }

  const coming = synthesis === undefined ? undefined : Synthesis.planned(synthesis, asks, prices)
  const wholes = Object.entries(asks).flatMap(([name, ask]): ReadonlyArray<WorstCase.Amount> => {
    const request = Ask.requestOf(ask, shared)
    const most = told(["asks", name], request, Ask.modelsOf(ask, shared))
    if (most === undefined) return []
    const fold = WorstCase.synthesis(coming, WorstCase.answerTokens(request), prices)
    return [{ usd: most.usd + fold.usd, tokens: most.tokens + fold.tokens }]
  })
  if (synthesis !== undefined && coming !== undefined) {
    const { instruction, options } = synthesis
    told(["synthesis"], Ask.requestOf(Ask.text(instruction, options)), options.model)
  }
  if (issues.length > 0) return issues

  for (const unit of ["usd", "tokens"] as const) {
    const given = limit[unit]
    const needed = Math.min(...wholes.map((whole) => whole[unit]))
    if (given === undefined || given >= needed) continue
    const text = (amount: number) => (unit === "usd" ? `$${amount.toFixed(4)}` : `${Math.ceil(amount)} tokens`)
    const what = synthesis === undefined ? "one ask" : "one ask and the synthesis"
    issues.push({
      path: ["budget"],
      message: `expected at least ${text(needed)}, what ${what} may take, got ${text(given)}: raise it, or lower maxTokens`
    })
  }
  return issues
}

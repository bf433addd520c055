/** `fanfold check PLAN`: says what a plan would send and cost, and calls nothing. */
import { Duration, Effect } from "effect"
import { Command } from "effect/cli"
import * as Ask from "../Ask.ts"
import { charactersPerToken, inputTokensOf } from "../Estimate.ts"
import type { Prepared } from "../Plan.ts"
import { timeText } from "../Limit.ts"
import * as Policy from "../Policy.ts"
import { pricedAt, priceOf, usdOf } from "../Price.ts"
import { noUsage, type Request } from "../Message.ts"
import type { Synthesis } from "../Synthesis.ts"
import { bodyOf } from "../Wire.ts"
import { code, Failure } from "./Failure.ts"
import * as Flags from "./Flags.ts"
import { inert } from "./Inert.ts"
import * as Output from "./Output.ts"
import { plan, readPlan } from "./run.ts"

const json = Flags.onOff(
  "json",
  "Print the requests as they would be sent; the synthesis without the findings it does not have yet"
)

/** The synthesis as it would be sent, without the findings that are not there yet. */
const foldOf = ({ instruction, options }: Synthesis<unknown>): Request => Ask.requestOf(Ask.text(instruction, options))

const count = (n: number): string => n.toLocaleString("en-US")

const toText = (pipeline: Prepared, requests: ReadonlyArray<readonly [name: string, request: Request]>): string => {
  const { synthesis } = pipeline
  const asks = requests.map(([name, request]) => ({ name, request, inputTokens: inputTokensOf(request) }))
  const questionTokens = Math.ceil(
    asks.reduce((sum, { request }) => sum + JSON.stringify(request.messages).length, 0) / charactersPerToken
  )
  const answerTokens = asks.reduce((sum, { request }) => sum + request.maxTokens, 0)
  const calls = [
    ...asks.map(({ inputTokens, name, request }) => ({
      name,
      model: request.model,
      inputTokens,
      maxTokens: request.maxTokens
    })),
    ...(synthesis === undefined
      ? []
      : [
          {
            name: "synthesis",
            model: synthesis.options.model,
            inputTokens: answerTokens + questionTokens + inputTokensOf(foldOf(synthesis)),
            maxTokens: synthesis.options.maxTokens
          }
        ])
  ]
  const costs = calls.map(({ inputTokens, maxTokens, model }) =>
    usdOf(model, { ...noUsage, inputTokens, outputTokens: maxTokens })
  )
  const costUsd = costs.reduce((sum, cost) => (sum === undefined || cost === undefined ? undefined : sum + cost), 0)
  const deadlineText =
    pipeline.deadline === undefined ? "" : `, deadline ${timeText(Duration.toMillis(pipeline.deadline))}`
  const nameWidth = Math.max(...calls.map(({ name }) => name.length))
  const modelWidth = Math.max(...calls.map(({ model }) => model.length))
  return [
    `${asks.length} ${asks.length === 1 ? "ask" : "asks"}${synthesis === undefined ? "" : " and a synthesis"}, policy ${Policy.toString(pipeline.policy)}, concurrency ${pipeline.concurrency}${deadlineText}`,
    ...calls.map(
      ({ inputTokens, maxTokens, model, name }) =>
        `  ${name.padEnd(nameWidth)}  ${inert(model).padEnd(modelWidth)}  ${name === "synthesis" ? "up to " : "about "}${count(inputTokens)} tokens in, up to ${count(maxTokens)} out`
    ),
    costUsd === undefined
      ? `Cost: not known, as these models have no known price: ${[...new Set(calls.map(({ model }) => model))].filter((model) => priceOf(model, 0) === undefined).join(", ")}`
      : `Cost: about $${costUsd.toFixed(4)} at most (estimated: list prices of ${pricedAt}, every answer as long as it may be, each call once, no web searches)`,
    "Nothing was sent.",
    ""
  ].join("\n")
}

export const check = Command.make(
  "check",
  { plan, json, ...Flags.asking, layers: Flags.layers },
  Effect.fnUntraced(function* (flags) {
    const pipeline = yield* readPlan(flags.plan, Flags.amend(flags))
    const context = pipeline.context === undefined ? {} : { context: pipeline.context }
    const requests = Object.entries(pipeline.asks).map(([name, ask]) => [name, Ask.requestOf(ask, context)] as const)
    const { synthesis } = pipeline
    const all = synthesis === undefined ? requests : [...requests, ["synthesis", foldOf(synthesis)] as const]
    const bodies = Object.fromEntries(all.map(([name, request]) => [name, bodyOf(request)]))
    const isPrinted = yield* Output.print(
      flags.json ? `${JSON.stringify(bodies, undefined, 2)}\n` : toText(pipeline, requests)
    )
    if (!isPrinted) return yield* new Failure({ exitCode: code.failed, message: "" })
  })
).pipe(Command.withDescription("Validate a plan and print what it would send and cost; calls nothing"))

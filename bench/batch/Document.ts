/** Many questions about one long document, live and in batches: what the mock bills for each. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Message, Price } from "fanfold"
import type { Bill, Scenario } from "fanfold/mocks"
import { type Command, start } from "../journal/CommandLine.ts"
import { serve } from "../journal/StandaloneMock.ts"

export const asks = 300
const documentTokens = 20_000

/** As the mock counts them. */
const charactersPerToken = 4.4
const sentence = "It is written here, in words of ordinary length, what is to be known of the matter. "
const document = sentence.repeat(documentTokens).slice(0, documentTokens * charactersPerToken)

const plan = {
  context: document,
  asks: Object.fromEntries(Array.from({ length: asks }, (_, n) => [`q${n + 1}`, `Question ${n + 1}: what is it?`])),
  batch: { poll: "100 millis" }
}

/**
 * Answers of 120 tokens. An hour, in which most batches end as the documentation says, takes 2 s: at a faster pace the cache would
 * expire between two looks at the batch that primes it.
 */
const timeScale = 2 / 3600
const scenario: Scenario = {
  timeScale,
  latency: 20 / timeScale,
  batches: { processingMillis: 60 * 60_000 },
  replies: [{ when: { part: "ask" }, reply: "It is known. ".repeat(40) }]
}

export const arms = ["live", "batch"] as const
export type Arm = (typeof arms)[number]

/** What an arm was billed: dollars, messages, and how many of these wrote to the cache and read from it. */
export interface Billed {
  readonly usd: number
  readonly messages: number
  readonly writes: number
  readonly reads: number
  readonly outputTokens: number
  /** The same, where what was written to the cache for 5 minutes were written for an hour. */
  readonly usdFor1h: number
  /** What fanfold itself reports as the cost. */
  readonly reportedUsd: number
  readonly wallMillis: number
}

/** What a bill would be more if its cache writes were for an hour. A single model and no discount: that of the live run. */
const moreFor1h = ({ cacheCreation5mTokens: tokens, model }: Bill): number => {
  const written = { ...Message.noUsage, cacheCreationInputTokens: tokens }
  return Price.usdOf(model, { ...written, cacheCreation1hInputTokens: tokens })! - Price.usdOf(model, written)!
}

const countOf = (bills: ReadonlyArray<Bill>, of: (bill: Bill) => boolean): number => bills.filter(of).length

export const play = async (command: Command, onArm: (arm: Arm) => void): Promise<Readonly<Record<Arm, Billed>>> => {
  const base = mkdtempSync(join(tmpdir(), "fanfold-batch-document-"))
  try {
    writeFileSync(join(base, "scenario.json"), JSON.stringify(scenario))
    await using mock = await serve(command, base, "scenario.json")
    const billed = async (arm: Arm): Promise<Billed> => {
      onArm(arm)
      const folder = join(base, arm)
      mkdirSync(folder)
      const { batch, ...live } = plan
      writeFileSync(join(folder, "plan.json"), JSON.stringify(arm === "batch" ? { ...live, batch } : live))
      await mock.reset()
      const startedAt = performance.now()
      const { code, stderr, stdout } = await start(command, ["run", "plan.json", "--json"], folder, mock.url).ended
      if (code !== 0) throw new Error(`the ${arm} run ended with ${code}: ${stderr}`)
      const { bills, messages, usd } = await mock.ledger()
      return {
        usd: usd!,
        usdFor1h: bills.reduce((sum, bill) => sum + moreFor1h(bill), usd!),
        messages,
        writes: countOf(bills, (bill) => bill.cacheCreation1hTokens + bill.cacheCreation5mTokens > 0),
        reads: countOf(bills, ({ cacheReadTokens }) => cacheReadTokens > 0),
        outputTokens: bills.reduce((sum, { outputTokens }) => sum + outputTokens, 0),
        reportedUsd: JSON.parse(stdout).estimatedCostUsd,
        wallMillis: performance.now() - startedAt
      }
    }
    return { live: await billed("live"), batch: await billed("batch") }
  } finally {
    rmSync(base, { recursive: true, force: true })
  }
}

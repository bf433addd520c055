/** What is killed: a plan whose asks go out as a batch, against a mock that plays a day in less than two seconds. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Bill, Entry, Scenario } from "fanfold/mocks"
import { type Command, start } from "../journal/CommandLine.ts"
import type { StandaloneMock } from "../journal/StandaloneMock.ts"

export const asks = 24

/** A simulated hour takes 60 ms, so that the 24 hours until a batch expires take 1.44 s. */
const timeScale = 1 / 60_000
const simulated = (realMillis: number): number => realMillis / timeScale

/** Requests of a batch are done within 10 hours, or 0.6 s. */
const processingMillis = 10 * 60 * 60_000

/** A new batch is in the list after so long, in real time. A client that looks for one waits longer, also for a late creation. */
const listedMillis = 300
const settle = "2 seconds"

const names = Array.from({ length: asks }, (_, index) => `q${String(index + 1).padStart(2, "0")}`)

export const planFile = "plan.json"
export const scenarioFile = "scenario.json"

/** Whether the asks share a document: then a batch of one goes first, which writes it to the cache. */
export const kinds = ["plain", "document"] as const
export type Kind = (typeof kinds)[number]

/** Long enough for the cache of any model that an ask has by default. */
const document = "What is to be known of the matter is written here. ".repeat(100)

/** Writes plan and scenario. Answers are fixed, as the second request for one question must get the same. */
export const write = (folder: string, seed: number, kind: Kind): void => {
  const plan = {
    ...(kind === "document" && { context: document }),
    asks: Object.fromEntries(names.map((name) => [name, `Question ${name}: what is it?`])),
    synthesis: { instruction: "Fold them.", contradictions: "off" },
    batch: { poll: "60 millis", settle }
  }
  const replies = names.map((name) => ({
    when: { part: "ask" as const, user: `Question ${name}:` },
    reply: `The answer of ${name} in seed ${seed}.`
  }))
  const fold = { when: { part: "synthesis" as const }, reply: { $fold: { opening: "Of {names}.", sections: {} } } }
  const scenario: Scenario = {
    seed,
    timeScale,
    latency: { uniform: [simulated(20), simulated(120)] },
    batches: { processingMillis, listedMillis: simulated(listedMillis) },
    replies: [...replies, fold]
  }
  writeFileSync(join(folder, planFile), JSON.stringify(plan))
  writeFileSync(join(folder, scenarioFile), JSON.stringify(scenario))
}

/** Lets the results trickle, 64 characters at a time, so that a process can be killed while it reads them. */
export const slowResults = {
  fault: { kind: "drip", everyMillis: simulated(1) },
  operation: "batches.results"
} as const

/** A gateway gives the creation up after 1.3 s, when the API begins with it: a process that was killed is looking for it by then. */
export const lateCreation = { kind: "lost", status: 504, millis: simulated(1300) } as const

const foreignId = "of-another-program-"

/** Creates a batch of another program on the same account, of the size of the one that is killed. Its requests take all the time. */
export const addForeignBatch = async (url: string): Promise<void> => {
  const params = {
    model: "claude-haiku-5-5",
    max_tokens: 100,
    messages: [{ role: "user", content: "Of another program?" }]
  }
  const requests = names.map((name) => ({ custom_id: `${foreignId}${name}`, params }))
  const response = await fetch(`${url}/v1/messages/batches`, {
    method: "POST",
    headers: { "x-api-key": "of-another-program", "anthropic-version": "2026-10-21" },
    body: JSON.stringify({ requests })
  })
  if (!response.ok) throw new Error(`the mock rejects a batch: ${await response.text()}`)
}

export const isForeign = ({ customId }: Bill): boolean => customId?.startsWith(foreignId) === true

/** A question of which a single request may fail. */
export const questionOf = (share: number): string => `Question ${names[Math.floor(share * asks)]}:`

/** Starts a run of the plan, which prints its report as JSON. The same command goes on with a run that was killed. */
export const run = (command: Command, folder: string, url: string) =>
  start(command, ["run", planFile, "--batch", "--json"], folder, url)

/** What a run comes to if nobody disturbs it. */
export interface Undisturbed {
  readonly documents: string
  /** The requests that are billed, by their keys in the ledger; that of the synthesis is not among those of the batch. */
  readonly batchKeys: ReadonlySet<string>
  readonly synthesisKey: string
  /** From the start of the process to the arrival of the batch. */
  readonly createMillis: number
}

/** What every report of the plan must have in common. */
export const documentsOf = (stdout: string): string => {
  const { answers, document, gaps } = JSON.parse(stdout)
  return JSON.stringify({ answers, document, gaps }, undefined, 1)
}

export const isCreate = ({ method, path }: Entry): boolean => method === "POST" && path === "/v1/messages/batches"
export const isPoll = ({ method, path }: Entry): boolean => method === "GET" && /\/batches\/[^/]+$/.test(path)
export const isResults = ({ path }: Entry): boolean => path.endsWith("/results")
export const isMessage = ({ path }: Entry): boolean => path === "/v1/messages"

const pollMillis = 2

export const undisturbed = async (command: Command, folder: string, mock: StandaloneMock): Promise<Undisturbed> => {
  await mock.reset()
  const startedAt = performance.now()
  const { child, ended } = run(command, folder, mock.url)
  while (child.exitCode === null && !(await mock.entries()).some(isCreate)) {
    await new Promise((resolve) => setTimeout(resolve, pollMillis))
  }
  const createMillis = performance.now() - startedAt
  const { code, stderr, stdout } = await ended
  if (code !== 0) throw new Error(`the undisturbed run ended with ${code}: ${stderr}`)
  const { billedTwice, bills } = await mock.ledger()
  const keysOf = (tier: "batch" | "standard") =>
    bills.filter(({ serviceTier }) => serviceTier === tier).map(({ key }) => key)
  const [batchKeys, [synthesisKey, ...others]] = [keysOf("batch"), keysOf("standard")]
  if (batchKeys.length !== asks || synthesisKey === undefined || others.length + billedTwice.length > 0) {
    throw new Error(`the undisturbed run is no plain one: ${JSON.stringify(bills)}`)
  }
  return { documents: documentsOf(stdout), batchKeys: new Set(batchKeys), synthesisKey, createMillis }
}

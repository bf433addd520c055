/** What is killed: a plan whose every question has one answer, and a fold that shows all of them. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Entry } from "fanfold/mocks"
import { type Command, start } from "./CommandLine.ts"
import type { Home } from "./Home.ts"
import type { StandaloneMock } from "./StandaloneMock.ts"

export const asks = 40
/** Asks in flight at most; the synthesis is alone. */
export const concurrency = 8

const names = Array.from({ length: asks }, (_, index) => `q${String(index + 1).padStart(2, "0")}`)

export const planFile = "plan.json"
export const scenarioFile = "scenario.json"

/**
 * Writes plan and scenario. Answers are fixed, as the second request for one question must get the same; questions have different
 * lengths, by which the mock's journal tells them apart.
 */
export const write = (folder: string, seed: number): void => {
  const plan = {
    asks: Object.fromEntries(names.map((name, n) => [name, `Question ${name}: what is it?${" Tell.".repeat(4 * n)}`])),
    // One call an ask and one for the document, which are counted.
    synthesis: { instruction: "Fold them.", contradictions: "off" },
    concurrency
  }
  const replies = names.map((name) => ({
    when: { part: "ask", user: `Question ${name}:` },
    reply: `The answer of ${name} in seed ${seed}.`
  }))
  const fold = { when: { part: "synthesis" }, reply: { $fold: { opening: "Of {names}.", sections: {} } } }
  const scenario = { seed, latency: { uniform: [20, 120] }, replies: [...replies, fold] }
  writeFileSync(join(folder, planFile), JSON.stringify(plan))
  writeFileSync(join(folder, scenarioFile), JSON.stringify(scenario))
}

/** Starts a run of the plan, which prints its report as JSON. */
export const run = (command: Command, folder: string, url: string, home: Home) =>
  start(command, ["run", planFile, "--json", ...home.flags(folder)], folder, url)

/** What a run of the plan comes to if nobody disturbs it, and which ask a request of the mock is of. */
export interface Undisturbed {
  readonly documents: string
  readonly askOf: (entry: Entry) => string
}

/** What every report of the plan must have in common. */
export const documentsOf = (stdout: string): string => {
  const { answers, document, gaps } = JSON.parse(stdout)
  return JSON.stringify({ answers, document, gaps }, undefined, 1)
}

export const undisturbed = async (
  command: Command,
  folder: string,
  mock: StandaloneMock,
  home: Home
): Promise<Undisturbed> => {
  await mock.reset()
  const { code, stderr, stdout } = await run(command, folder, mock.url, home).ended
  if (code !== 0) throw new Error(`the undisturbed run ended with ${code}: ${stderr}`)
  const { replies } = await home.read(folder)
  const entries = await mock.entries()
  // A request may be sent as a stream or not, which gives it another key, but never another number of tokens.
  const asked = new Map(entries.map(({ inputTokens, requestId }) => [inputTokens, replies.get(requestId) ?? "?"]))
  if (asked.size !== asks + 1 || entries.length !== asks + 1) throw new Error("the undisturbed run is no plain one")
  return { documents: documentsOf(stdout), askOf: ({ inputTokens }) => asked.get(inputTokens) ?? "unknown" }
}

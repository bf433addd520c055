/** The time from the start of `fanfold run` to its first request, with a journal and without, in fresh processes. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { mockClaude } from "fanfold/mocks"
import { shuffledRounds } from "../harness/Shuffle.ts"
import { type Command, start } from "./CommandLine.ts"
import type { Rounds } from "./Costs.ts"

/** `grown`: the journal has the runs of the rounds before. */
export const arms = ["no journal", "empty journal", "grown journal"] as const
export type Arm = (typeof arms)[number]

export const play = async (
  command: Command,
  { onRun, rounds, seed }: Rounds
): Promise<Readonly<Record<Arm, ReadonlyArray<number>>>> => {
  const base = mkdtempSync(join(tmpdir(), "fanfold-first-request-"))
  let onRequest: (() => void) | undefined
  const latency = () => {
    onRequest?.()
    return 0
  }
  await using server = await mockClaude({ seed, latency }).serve()
  const millis: Record<Arm, Array<number>> = { "no journal": [], "empty journal": [], "grown journal": [] }
  const run = async (arm: Arm): Promise<number> => {
    const folder = join(base, arm)
    if (arm === "empty journal") rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    const asks = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`ask${n}`, `Question ${n}?`]))
    writeFileSync(
      join(folder, "plan.json"),
      JSON.stringify({ asks, synthesis: "Fold.", ...(arm === "no journal" && { journal: false }) })
    )
    const startedAt = performance.now()
    const requested = new Promise<number>((resolve) => (onRequest = () => resolve(performance.now() - startedAt)))
    const { ended } = start(command, ["run", "plan.json", "--quiet"], folder, server.url)
    const failed = ended.then(({ stderr }) => Promise.reject(new Error(`a run ended without a request: ${stderr}`)))
    failed.catch(() => {})
    const firstRequest = await Promise.race([requested, failed])
    await ended
    return firstRequest
  }
  try {
    // The first run of each writes the compile cache, or reads it for the first time.
    for (const arm of arms) await run(arm)
    for (const [round, order] of shuffledRounds(arms, rounds, seed).entries()) {
      for (const arm of order) {
        onRun(arm, round + 1)
        millis[arm].push(await run(arm))
      }
    }
    return millis
  } finally {
    rmSync(base, { recursive: true, force: true })
  }
}

/** A run of many asks that a journal has: the mock answers each with so many tokens of words drawn from a seed. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { deflateRawSync } from "node:zlib"
import { mockClaude } from "fanfold/mocks"
import { bin } from "../harness/Build.ts"
import { wordsOf } from "./Words.ts"

/** Runs the built command line; gives its wall time in milliseconds. */
export const typed = async (args: ReadonlyArray<string>, cwd: string, env: NodeJS.ProcessEnv = {}): Promise<number> => {
  const startedAt = performance.now()
  const child = spawn(process.execPath, [bin, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "inherit"]
  })
  const [code] = (await once(child, "exit")) as [number | null]
  if (code !== 0) throw new Error(`fanfold ${args.join(" ")} ended with ${code}`)
  return performance.now() - startedAt
}

export interface KeptRun {
  readonly id: string
  readonly journal: string
  /** What the answers take together when they are compressed at the highest level of deflate. */
  readonly compressedBytes: number
}

export const make = async (folder: string, asks: number, tokens: number, seed: number): Promise<KeptRun> => {
  const claude = mockClaude({ seed, latency: () => 0 })
  const words = wordsOf(seed)
  const names = Array.from({ length: asks }, (_, n) => `ask${n}`)
  for (const name of names)
    claude
      .when({ user: `of ${name}?` })
      .reply(words(tokens))
      .once()
  await using server = await claude.serve()
  const plan = join(folder, `plan${asks}.json`)
  const questions = Object.fromEntries(names.map((name) => [name, `What is to be known of ${name}?`]))
  writeFileSync(plan, JSON.stringify({ asks: questions, concurrency: 64 }))
  const journal = join(folder, `journal${asks}.sqlite`)
  const own = join(folder, `own${asks}.json`)
  const env = { ANTHROPIC_BASE_URL: server.url, ANTHROPIC_API_KEY: "simulated" }
  await typed(["run", plan, "--quiet", "--journal", journal, "-o", own], folder, env)
  const { answers, run } = JSON.parse(readFileSync(own, "utf8")) as { answers: Record<string, string>; run: string }
  const compressedBytes = deflateRawSync(JSON.stringify(Object.values(answers)), { level: 9 }).length
  return { id: run, journal, compressedBytes }
}

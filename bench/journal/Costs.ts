/** What a journal costs, measured by `Probe` in fresh processes: an ask, a resume, and a second process on the same file. */
import { cpSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { measureBuilt } from "../harness/Fresh.ts"
import { shuffledRounds } from "../harness/Shuffle.ts"
import type { Measured, Setup } from "./Probe.ts"

const probe = (setup: Setup): Promise<Measured> => measureBuilt("journal/Probe.ts", JSON.stringify(setup))

/** Gives each measurement a folder that is removed after it. */
const inFolder = async <A>(body: (file: string) => Promise<A>): Promise<A> => {
  const folder = mkdtempSync(join(tmpdir(), "fanfold-journal-"))
  try {
    return await body(join(folder, "journal.sqlite"))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export interface Rounds {
  readonly rounds: number
  readonly seed: number
  readonly onRun: (arm: string, round: number) => void
}

/** Runs all arms in each round, in shuffled order; a figure of each round, by arm. */
const interleaved = async <Arm extends string, A>(
  arms: Readonly<Record<Arm, () => Promise<A>>>,
  { onRun, rounds, seed }: Rounds
): Promise<Readonly<Record<Arm, ReadonlyArray<A>>>> => {
  const names = Object.keys(arms) as Array<Arm>
  const figures = Object.fromEntries(names.map((name) => [name, new Array<A>()])) as Record<Arm, Array<A>>
  for (const [round, order] of shuffledRounds(names, rounds, seed).entries()) {
    for (const arm of order) {
      onRun(arm, round + 1)
      figures[arm].push(await arms[arm]())
    }
  }
  return figures
}

const waiting = { answerMillis: 300, concurrency: 32 }
export const costAsks = 1000

/** 1,000 asks of 300 ms at 32 in flight. */
export const cost = (rounds: Rounds) =>
  interleaved(
    {
      "no journal": () => probe({ ...waiting, asks: costAsks }),
      journal: () => inFolder((file) => probe({ ...waiting, asks: costAsks, file }))
    },
    rounds
  )

/** A run of `asks` that has all answers but one is gone on with, and compared with a run of that one over an empty journal. */
export const resume = async (asks: number, rounds: Rounds) =>
  inFolder(async (file) => {
    const atOnce = { answerMillis: 0, concurrency: 1000, newAsks: 1 }
    await probe({ ...atOnce, asks, file, isLeftUnfinished: true })
    const resumed = async (copy: string) => {
      cpSync(file, copy)
      return probe({ ...atOnce, asks, file: copy })
    }
    const figures = await interleaved(
      {
        empty: () => inFolder((other) => probe({ ...atOnce, asks: 0, file: other })),
        resumed: () => inFolder(resumed)
      },
      rounds
    )
    const again = figures.resumed.find(({ sent }) => sent !== 1)
    if (again !== undefined) throw new Error(`a resumed run sent ${again.sent} requests instead of 1`)
    return figures
  })

export interface Pair {
  readonly wallMillis: number
  /** Answers in the journal or journals; `undefined` without one. */
  readonly kept: number | undefined
}

const pairAsks = 500

const keptIn = (file: string): number => {
  const database = new DatabaseSync(file, { readOnly: true })
  const [row] = database.prepare("SELECT count(*) AS n FROM entry_end WHERE state = 'answered'").all()
  database.close()
  return Number(row?.["n"])
}

/** Two processes at once, with 500 asks each. The slower one counts. */
const pair = async (files: ReadonlyArray<string | undefined>): Promise<Pair> => {
  const measured = await Promise.all(
    files.map((file, n) =>
      probe({ ...waiting, asks: pairAsks, from: n * pairAsks, ...(file !== undefined && { file }) })
    )
  )
  const named = new Set(files.filter((file) => file !== undefined))
  const wallMillis = Math.max(...measured.map((each) => each.wallMillis))
  return { wallMillis, kept: named.size === 0 ? undefined : [...named].reduce((sum, file) => sum + keptIn(file), 0) }
}

export const pairs = (rounds: Rounds) =>
  interleaved(
    {
      "no journal": () => pair([undefined, undefined]),
      "a journal each": () => inFolder((file) => pair([file, `${file}2`])),
      "one journal": () => inFolder((file) => pair([file, file]))
    },
    rounds
  )
export const pairRows = 2 * pairAsks

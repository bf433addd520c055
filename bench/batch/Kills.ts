/** Kills runs with a batch at random moments against the standalone mock, and counts what it billed twice and what was lost. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Command } from "../journal/CommandLine.ts"
import { serve } from "../journal/StandaloneMock.ts"
import * as KilledRun from "./KilledRun.ts"
import * as KillMoment from "./KillMoment.ts"
import * as Subject from "./Subject.ts"
import * as Trouble from "./Trouble.ts"

export interface Tally extends Omit<KilledRun.Outcome, "kills"> {
  readonly runs: number
  readonly kills: number
  /** Kills by moment, and faults by operation and kind. */
  readonly by: Readonly<Record<string, number>>
  /** Batches of each run. */
  readonly batchesOfRuns: ReadonlyArray<number>
}

/** Kills of one run at most. */
const maxKills = 3

/** In one of so many runs the asks share a document. */
const documentEvery = 4

/** Kills `kills` processes; `onRun` is called after each run with the kills so far. */
export const play = async (
  command: Command,
  kills: number,
  seed: number,
  onRun: (kills: number) => void = () => {}
): Promise<Tally> => {
  const base = mkdtempSync(join(tmpdir(), "fanfold-batch-kills-"))
  const folderOf = (name: string, kind: Subject.Kind) => {
    const folder = join(base, name)
    mkdirSync(folder)
    Subject.write(folder, seed, kind)
    return folder
  }
  try {
    const plain = folderOf("plain", "plain")
    await using mock = await serve(command, plain, Subject.scenarioFile)
    const expected = {
      plain: await Subject.undisturbed(command, plain, mock),
      document: await Subject.undisturbed(command, folderOf("document", "document"), mock)
    }
    const outcomes: Array<KilledRun.Outcome> = []
    const troubles: Array<Trouble.Trouble> = []
    const killed = () => outcomes.flatMap((each) => each.kills)
    for (let drawn = 0; killed().length < kills;) {
      const count = Math.min(1 + (outcomes.length % maxKills), kills - killed().length)
      const moments = Array.from({ length: count }, () => KillMoment.draw(seed, drawn++))
      const trouble = Trouble.draw(seed, outcomes.length)
      const kind = outcomes.length % documentEvery === documentEvery - 1 ? "document" : "plain"
      const folder = folderOf(`run${outcomes.length + 1}`, kind)
      outcomes.push(await KilledRun.play({ command, folder, mock, moments, trouble, expected: expected[kind] }))
      troubles.push(trouble)
      onRun(killed().length)
    }
    const sum = (of: (outcome: KilledRun.Outcome) => number) => outcomes.reduce((total, each) => total + of(each), 0)
    return {
      runs: outcomes.length,
      kills: killed().length,
      by: countsOf([...killed().map(({ after }) => after), ...troubles.flatMap(({ names }) => names)]),
      batches: sum(({ batches }) => batches),
      batchesOfRuns: outcomes.map(({ batches }) => batches),
      billedTwice: sum(({ billedTwice }) => billedTwice),
      liveRepeats: sum(({ liveRepeats }) => liveRepeats),
      lost: sum(({ lost }) => lost),
      problems: outcomes.flatMap(({ problems }, index) => problems.map((each) => `run ${index + 1}: ${each}`))
    }
  } finally {
    rmSync(base, { recursive: true, force: true })
  }
}

const countsOf = (names: ReadonlyArray<string>): Readonly<Record<string, number>> =>
  Object.fromEntries([...new Set(names)].toSorted().map((name) => [name, names.filter((each) => each === name).length]))

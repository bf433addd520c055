/** Kills runs of the command line at random moments against the standalone mock, and counts what was paid twice. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Command } from "./CommandLine.ts"
import { file, type Home } from "./Home.ts"
import * as KilledRun from "./KilledRun.ts"
import * as KillMoment from "./KillMoment.ts"
import { serve } from "./StandaloneMock.ts"
import * as Subject from "./Subject.ts"

export interface Tally extends Omit<KilledRun.Outcome, "kills"> {
  readonly runs: number
  readonly kills: number
  /** Kills by signal and by moment. */
  readonly by: Readonly<Record<string, number>>
}

/** Kills of one run at most. */
const maxKills = 4

/** Kills `kills` processes; `onRun` is called after each run with the kills so far. */
export const play = async (
  command: Command,
  kills: number,
  seed: number,
  onRun: (kills: number) => void = () => {},
  home: Home = file
): Promise<Tally> => {
  const base = mkdtempSync(join(tmpdir(), "fanfold-kills-"))
  const folderOf = (name: string) => {
    const folder = join(base, name)
    mkdirSync(folder)
    Subject.write(folder, seed)
    return folder
  }
  try {
    const undisturbed = folderOf("undisturbed")
    await using mock = await serve(command, undisturbed, Subject.scenarioFile)
    const expected = await Subject.undisturbed(command, undisturbed, mock, home)
    const outcomes: Array<KilledRun.Outcome> = []
    const killed = () => outcomes.flatMap((each) => each.kills)
    for (let drawn = 0; killed().length < kills;) {
      const count = Math.min(1 + (outcomes.length % maxKills), kills - killed().length)
      const moments = Array.from({ length: count }, () => KillMoment.draw(seed, drawn++))
      const folder = folderOf(`run${outcomes.length + 1}`)
      outcomes.push(await KilledRun.play({ command, folder, home, mock, moments, expected }))
      onRun(killed().length)
    }
    const sum = (of: (outcome: KilledRun.Outcome) => number) => outcomes.reduce((total, each) => total + of(each), 0)
    return {
      runs: outcomes.length,
      kills: killed().length,
      by: countsOf(killed().flatMap(({ after, signal }) => [signal, after])),
      requests: sum(({ requests }) => requests),
      boughtAgain: sum(({ boughtAgain }) => boughtAgain),
      repeats: sum(({ repeats }) => repeats),
      inFlight: sum(({ inFlight }) => inFlight),
      problems: outcomes.flatMap(({ problems }, index) => problems.map((each) => `run ${index + 1}: ${each}`))
    }
  } finally {
    rmSync(base, { recursive: true, force: true })
  }
}

const countsOf = (names: ReadonlyArray<string>): Readonly<Record<string, number>> =>
  Object.fromEntries([...new Set(names)].toSorted().map((name) => [name, names.filter((each) => each === name).length]))

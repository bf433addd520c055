/** Kills runs with a batch at random moments against the standalone mock, and counts what it billed twice and what was lost. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Command } from "../journal/CommandLine.ts"
import { serve } from "../journal/StandaloneMock.ts"
import * as KilledRun from "./KilledRun.ts"
import * as KillMoment from "./KillMoment.ts"
import * as Subject from "./Subject.ts"
import * as InjectedFaults from "./InjectedFaults.ts"

export interface Tally extends Omit<KilledRun.Outcome, "kills"> {
  readonly runs: number
  readonly kills: number
  /** Kills by moment, and faults by operation and kind. */
  readonly by: Readonly<Record<string, number>>
  /** Batches of each run. */
  readonly batchesOfRuns: ReadonlyArray<number>
}

export interface Settings {
  readonly seed: number
  readonly kills: number
  /** Kills of one run at most; runs are killed from once to that often. */
  readonly maxKillsOfRun: number
  /** Called after each run with the kills so far. */
  readonly onRun?: (kills: number) => void
}

/** In one of so many runs the asks share a document. */
const documentEvery = 4

/** Kills `kills` processes. */
export const play = async (command: Command, { kills, maxKillsOfRun, onRun, seed }: Settings): Promise<Tally> => {
  const base = mkdtempSync(join(tmpdir(), "fanfold-batch-kills-"))
  const folderOf = (name: string, kind: Subject.Kind) => {
    const folder = join(base, name)
    mkdirSync(folder)
    Subject.write(folder, seed, kind)
    return folder
  }
  try {
    await using mock = await serve(command, folderOf("mock", "plain"), Subject.scenarioFile)
    const undisturbed = new Map<Subject.Kind, Subject.Undisturbed>()
    const expectedOf = async (kind: Subject.Kind): Promise<Subject.Undisturbed> => {
      const expected = undisturbed.get(kind) ?? (await Subject.undisturbed(command, folderOf(kind, kind), mock))
      undisturbed.set(kind, expected)
      return expected
    }
    const outcomes: Array<KilledRun.Outcome> = []
    const allInjected: Array<InjectedFaults.InjectedFaults> = []
    const killed = () => outcomes.flatMap((each) => each.kills)
    for (let drawn = 0; killed().length < kills;) {
      const count = Math.min(maxKillsOfRun - (outcomes.length % maxKillsOfRun), kills - killed().length)
      const moments = Array.from({ length: count }, () => KillMoment.draw(seed, drawn++))
      const injected = InjectedFaults.draw(seed, outcomes.length)
      const kind = outcomes.length % documentEvery === documentEvery - 1 ? "document" : "plain"
      const folder = folderOf(`run${outcomes.length + 1}`, kind)
      const expected = await expectedOf(kind)
      outcomes.push(await KilledRun.play({ command, folder, mock, moments, injected, expected }))
      allInjected.push(injected)
      onRun?.(killed().length)
    }
    const sum = (of: (outcome: KilledRun.Outcome) => number) => outcomes.reduce((total, each) => total + of(each), 0)
    return {
      runs: outcomes.length,
      kills: killed().length,
      by: countsOf([...killed().map(({ after }) => after), ...allInjected.flatMap(({ names }) => names)]),
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

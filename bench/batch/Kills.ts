/** Kills runs with a batch at random moments against the standalone mock, and counts what it billed twice and what was lost. */
import type { Command } from "../journal/CommandLine.ts"
import * as KillTally from "../journal/KillTally.ts"
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
export const play = (command: Command, { kills, maxKillsOfRun, onRun, seed }: Settings): Promise<Tally> =>
  KillTally.inFolders("fanfold-batch-kills-", async (newFolder) => {
    const folderOf = (name: string, kind: Subject.Kind) => {
      const folder = newFolder(name)
      Subject.write(folder, seed, kind)
      return folder
    }
    await using mock = await serve(command, folderOf("mock", "plain"), Subject.scenarioFile)
    const undisturbed = new Map<Subject.Kind, Subject.Undisturbed>()
    const expectedOf = async (kind: Subject.Kind): Promise<Subject.Undisturbed> => {
      const expected = undisturbed.get(kind) ?? (await Subject.undisturbed(command, folderOf(kind, kind), mock))
      undisturbed.set(kind, expected)
      return expected
    }
    const outcomes = await KillTally.runsOf({
      kills,
      killsOfRun: (nth) => maxKillsOfRun - (nth % maxKillsOfRun),
      draw: (nth) => KillMoment.draw(seed, nth),
      play: async (nth, moments) => {
        const kind = nth % documentEvery === documentEvery - 1 ? "document" : "plain"
        const folder = folderOf(`run${nth + 1}`, kind)
        const injected = InjectedFaults.draw(seed, nth)
        return KilledRun.play({ command, folder, mock, moments, injected, expected: await expectedOf(kind) })
      },
      onRun
    })
    const killed = KillTally.killsOf(outcomes)
    const injected = outcomes.flatMap((_, nth) => InjectedFaults.draw(seed, nth).names)
    return {
      runs: outcomes.length,
      kills: killed.length,
      by: KillTally.countsOf([...killed.map(({ after }) => after), ...injected]),
      batches: KillTally.sumOf(outcomes, ({ batches }) => batches),
      batchesOfRuns: outcomes.map(({ batches }) => batches),
      billedTwice: KillTally.sumOf(outcomes, ({ billedTwice }) => billedTwice),
      liveRepeats: KillTally.sumOf(outcomes, ({ liveRepeats }) => liveRepeats),
      lost: KillTally.sumOf(outcomes, ({ lost }) => lost),
      problems: KillTally.problemsOf(outcomes)
    }
  })

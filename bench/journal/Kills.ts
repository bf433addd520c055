/** Kills runs of the command line at random moments against the standalone mock, and counts what was paid twice. */
import type { Command } from "./CommandLine.ts"
import { file, type Home } from "./Home.ts"
import * as KilledRun from "./KilledRun.ts"
import * as KillMoment from "./KillMoment.ts"
import * as KillTally from "./KillTally.ts"
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
export const play = (
  command: Command,
  kills: number,
  seed: number,
  onRun: (kills: number) => void = () => {},
  home: Home = file
): Promise<Tally> =>
  KillTally.inFolders("fanfold-kills-", async (newFolder) => {
    const folderOf = (name: string) => {
      const folder = newFolder(name)
      Subject.write(folder, seed)
      return folder
    }
    const undisturbed = folderOf("undisturbed")
    await using mock = await serve(command, undisturbed, Subject.scenarioFile)
    const expected = await Subject.undisturbed(command, undisturbed, mock, home)
    const outcomes = await KillTally.runsOf({
      kills,
      killsOfRun: (nth) => 1 + (nth % maxKills),
      draw: (nth) => KillMoment.draw(seed, nth),
      play: (nth, moments) =>
        KilledRun.play({ command, folder: folderOf(`run${nth + 1}`), home, mock, moments, expected }),
      onRun
    })
    const killed = KillTally.killsOf(outcomes)
    return {
      runs: outcomes.length,
      kills: killed.length,
      by: KillTally.countsOf(killed.flatMap(({ after, signal }) => [signal, after])),
      requests: KillTally.sumOf(outcomes, ({ requests }) => requests),
      boughtAgain: KillTally.sumOf(outcomes, ({ boughtAgain }) => boughtAgain),
      repeats: KillTally.sumOf(outcomes, ({ repeats }) => repeats),
      inFlight: KillTally.sumOf(outcomes, ({ inFlight }) => inFlight),
      problems: KillTally.problemsOf(outcomes)
    }
  })

/** Runs that are killed one after the other until there were as many kills as asked for, and what they come to. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** What both kinds of killed runs tell. `kills`: the moments at which a process was killed. */
interface Outcome<Moment> {
  readonly kills: ReadonlyArray<Moment>
  readonly problems: ReadonlyArray<string>
}

/** Calls `use` with what makes folders by their name, which go when it has ended. */
export const inFolders = async <A>(prefix: string, use: (folderOf: (name: string) => string) => Promise<A>) => {
  const base = mkdtempSync(join(tmpdir(), prefix))
  try {
    return await use((name) => {
      const folder = join(base, name)
      mkdirSync(folder)
      return folder
    })
  } finally {
    rmSync(base, { recursive: true, force: true })
  }
}

/** `kills`: of all runs. `draw`: the `nth` moment, from 0. `onRun` is called after each run with the kills so far. */
interface Plan<Moment, Ended extends Outcome<Moment>> {
  readonly kills: number
  /** Kills of the `nth` run at most, from 0. */
  readonly killsOfRun: (nth: number) => number
  readonly draw: (nth: number) => Moment
  readonly play: (nth: number, moments: ReadonlyArray<Moment>) => Promise<Ended>
  readonly onRun?: ((kills: number) => void) | undefined
}

/** Plays runs until `kills` processes were killed, and gives how each run ended. */
export const runsOf = async <Moment, Ended extends Outcome<Moment>>({
  draw,
  kills,
  killsOfRun,
  onRun,
  play
}: Plan<Moment, Ended>): Promise<ReadonlyArray<Ended>> => {
  const outcomes: Array<Ended> = []
  let killed = 0
  for (let drawn = 0; killed < kills;) {
    const count = Math.min(killsOfRun(outcomes.length), kills - killed)
    const moments = Array.from({ length: count }, () => draw(drawn++))
    const outcome = await play(outcomes.length, moments)
    outcomes.push(outcome)
    killed += outcome.kills.length
    onRun?.(killed)
  }
  return outcomes
}

/** The kills of all runs. */
export const killsOf = <Moment>(outcomes: ReadonlyArray<Outcome<Moment>>): ReadonlyArray<Moment> =>
  outcomes.flatMap(({ kills }) => kills)

/** The problems of all runs, each with the number of its run, from 1. */
export const problemsOf = (outcomes: ReadonlyArray<Outcome<unknown>>): ReadonlyArray<string> =>
  outcomes.flatMap(({ problems }, index) => problems.map((each) => `run ${index + 1}: ${each}`))

export const sumOf = <A>(all: ReadonlyArray<A>, of: (one: A) => number): number =>
  all.reduce((total, one) => total + of(one), 0)

/** How often each name is there. */
export const countsOf = (names: ReadonlyArray<string>): Readonly<Record<string, number>> =>
  Object.fromEntries([...new Set(names)].toSorted().map((name) => [name, names.filter((each) => each === name).length]))

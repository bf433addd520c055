/** How a run that the journal keeps is named on the command line. */
import { resolve } from "node:path"
import { Option } from "effect"
import type { Journal } from "../journal/Journal.ts"
import { isAddress } from "../journal/OpenJournal.ts"

/** A run that can be come back to, in a journal that the user has named, or in that of the state folder. */
export interface Kept {
  readonly id: string
  readonly journal: string | undefined
}

/** `named`: the journal, where the command line has named one; a file is then named so that it is found from any folder. */
export const keptOf = (
  id: string,
  named: Option.Option<string>,
  { place }: Pick<typeof Journal.Service, "place">
): Kept => ({ id, journal: Option.isSome(named) ? placeOf(place) : undefined })

/** The place of a journal as it is named in any folder. */
export const placeOf = (place: string): string => (isAddress(place) ? place : resolve(place))

/** Whether what the journal knows a plan by is its path: what else stands there has no folder. */
export const isFile = (plan: string): boolean => /[\\/]/.test(plan)

/** What to type for a run: `fanfold runs show 0k3x`. A word for a shell where the place needs one. */
export const command = (verb: string, { id, journal }: Kept): string =>
  `fanfold runs ${verb} ${id}${journal === undefined ? "" : ` --journal ${quoted(journal)}`}`

/** A word as a shell takes it. */
export const quoted = (word: string): string =>
  /^[\w./:@=+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`

/** How a run that the journal keeps is named on the command line. Pure. */

/** A run that can be come back to, in a journal that the user has named, or in that of the state folder. */
export interface Kept {
  readonly id: string
  readonly journal: string | undefined
}

/** What to type for a run: `fanfold runs show 0k3x`. A word for a shell where the place needs one. */
export const command = (verb: string, { id, journal }: Kept): string =>
  `fanfold runs ${verb} ${id}${journal === undefined ? "" : ` --journal ${quoted(journal)}`}`

/** A word as a shell takes it. */
export const quoted = (word: string): string =>
  /^[\w./:@=+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`

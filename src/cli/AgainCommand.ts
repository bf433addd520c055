/** The command that asks again what a run has no answer to, without paying for the rest once more. Pure. */
import { type Kept, command, isFile, quoted } from "./KeptRun.ts"
import { type Typed, withoutSecrets } from "./TypedWords.ts"

/** Flags of one process: with `--fresh` all would be asked again. */
const unneeded: ReadonlySet<string> = new Set(["--fresh", "--ui"])

/** In the folder of the run. One that has ended is gone on with by `--reuse`, any other by the command as it was. */
export const ofWords = (given: ReadonlyArray<string>, needsReuse: boolean): string => {
  const words = given.filter((word) => !unneeded.has(word) && !(needsReuse && word === "--reuse")).map(withoutSecrets)
  return ["fanfold", ...words.map(quoted), ...(needsReuse ? ["--reuse"] : [])].join(" ")
}

/** The same in any folder. */
export const ofTyped = ({ folder, words }: Typed, needsReuse: boolean): string =>
  `cd ${quoted(folder)} && ${ofWords(words, needsReuse)}`

/** A run of a journal. */
export interface KeptRun extends Kept {
  /** The path of its plan; `undefined` where its questions came from elsewhere. */
  readonly plan: string | undefined
  /** `undefined` where that is not known, as of runs of an older fanfold. */
  readonly typed: Typed | undefined
  readonly hasEnded: boolean
  readonly isSimulated: boolean
}

/** In any folder. `undefined` where it is not known what was typed, and its plan is no file. */
export const ofRun = ({ hasEnded, isSimulated, plan, typed, ...kept }: KeptRun): string | undefined => {
  if (!hasEnded && plan !== undefined) return resuming(kept, isSimulated)
  const journal = kept.journal === undefined ? "" : ` --journal ${quoted(kept.journal)}`
  if (typed !== undefined) {
    // A run that was resumed has the journal of the run before it, which its own words do not name.
    return ofTyped(typed, hasEnded) + (typed.words.some((word) => /^--journal(=|$)/.test(word)) ? "" : journal)
  }
  if (plan === undefined) return undefined
  return `fanfold run ${quoted(plan)} --reuse${journal}${offlineFlag(isSimulated)}`
}

const offlineFlag = (isSimulated: boolean): string => (isSimulated ? " --offline" : "")

const resuming = (kept: Kept, isSimulated: boolean): string => `${command("resume", kept)}${offlineFlag(isSimulated)}`

/** In the folder of a run that was interrupted. `plan`: what the journal knows its plan by, a path where it is a file. */
export const ofInterrupted = ({
  plan,
  simulated,
  typed,
  ...kept
}: Kept & { readonly plan: string; readonly simulated: boolean; readonly typed: Typed }): string =>
  isFile(plan) ? resuming(kept, simulated) : ofWords(typed.words, false)

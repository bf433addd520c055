/** The command that asks again what a run has no answer to, without paying for the rest once more. Pure. */
import { type Kept, command, quoted } from "./KeptRun.ts"
import { type Typed, withoutSecrets } from "./TypedWords.ts"

/** In any folder. A run that has ended is gone on with by `--reuse`, any other by the command as it was. */
export const ofTyped = ({ folder, words: given }: Typed, needsReuse: boolean): string => {
  const words = given.filter((word) => word !== "--fresh" && !(needsReuse && word === "--reuse")).map(withoutSecrets)
  return [`cd ${quoted(folder)} && fanfold`, ...words.map(quoted), ...(needsReuse ? ["--reuse"] : [])].join(" ")
}

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
  const offline = isSimulated ? " --offline" : ""
  if (!hasEnded && plan !== undefined) return `${command("resume", kept)}${offline}`
  if (typed !== undefined) return ofTyped(typed, hasEnded)
  if (plan === undefined) return undefined
  const journal = kept.journal === undefined ? "" : ` --journal ${quoted(kept.journal)}`
  return `fanfold run ${quoted(plan)} --reuse${journal}${offline}`
}

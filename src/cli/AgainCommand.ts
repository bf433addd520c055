/** The command that asks again what a run has no answer to, without paying for the rest once more. Pure. */
import { type Kept, command, quoted } from "./KeptRun.ts"

/** No secret stands in a document: those of an address are left out. */
const withoutSecrets = (word: string): string =>
  word.replace(/([a-z]+:\/\/)[^@/?#\s]*@/i, "$1").replace(/([?&](?:password|sslpassword)=)[^&]*/gi, "$1")

/** Of a run that this process has made. One that has ended is gone on with by `--reuse`, any other by the command as it was. */
export const ofArguments = (given: ReadonlyArray<string>, needsReuse: boolean): string => {
  const words = given.filter((word) => word !== "--fresh" && !(needsReuse && word === "--reuse")).map(withoutSecrets)
  return ["fanfold", ...words.map(quoted), ...(needsReuse ? ["--reuse"] : [])].join(" ")
}

/** A run of a journal. */
export interface KeptRun extends Kept {
  /** The path of its plan as it is typed here; `undefined` where its questions came from elsewhere. */
  readonly plan: string | undefined
  readonly hasEnded: boolean
  readonly isSimulated: boolean
}

/** `undefined` where its plan is no file. */
export const ofRun = ({ hasEnded, isSimulated, plan, ...kept }: KeptRun): string | undefined => {
  if (plan === undefined) return undefined
  const offline = isSimulated ? " --offline" : ""
  if (!hasEnded) return `${command("resume", kept)}${offline}`
  const journal = kept.journal === undefined ? "" : ` --journal ${quoted(kept.journal)}`
  return `fanfold run ${quoted(plan)} --reuse${journal}${offline}`
}

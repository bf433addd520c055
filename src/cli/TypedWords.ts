/** What was typed to begin a run, as words that can be typed again, in another folder and with other flags. Pure. */
import { resolve } from "node:path"

/** Words after `fanfold`, and the folder that paths among them are of. */
export interface Typed {
  readonly words: ReadonlyArray<string>
  readonly folder: string
}

/** A word of the command line without the secrets of an address, as it may be kept and shown. */
export const withoutSecrets = (word: string): string =>
  word.replace(/([a-z]+:\/\/)[^@/?#\s]*@/i, "$1").replace(/([?&](?:password|sslpassword)=)[^&]*/gi, "$1")

/** A flag by its long name without `no-`, with its words; of a word that is no flag, the name is empty. */
interface Part {
  readonly name: string
  readonly words: ReadonlyArray<string>
}

const longNames: Readonly<Record<string, string>> = { "-o": "--output", "-j": "--concurrency" }

/** `operands`: the words that are no values of flags. */
const partsOf = (words: ReadonlyArray<string>, operands: ReadonlySet<string>): ReadonlyArray<Part> => {
  const parts: Array<Part> = []
  for (let n = 0; n < words.length; n++) {
    const word = words[n]!
    if (!/^-./.test(word)) {
      parts.push({ name: "", words: [word] })
      continue
    }
    const [flag = ""] = word.split("=", 1)
    const name = (longNames[flag] ?? flag).replace(/^--(?:no-)?/, "")
    const next = words[n + 1]
    const hasValue = word === flag && next !== undefined && !/^-./.test(next) && !operands.has(next)
    parts.push({ name, words: hasValue ? [word, next] : [word] })
    if (hasValue) n++
  }
  return parts
}

/** Flags whose values are paths. */
const ofPaths: ReadonlySet<string> = new Set(["output", "vars"])

const inFolder = ({ name, words }: Part, folder: string): Part => {
  if (!ofPaths.has(name)) return { name, words }
  const [first = "", value] = words
  if (value !== undefined) return { name, words: [first, resolve(folder, value)] }
  const [flag = "", ...rest] = first.split("=")
  return { name, words: rest.length === 0 ? words : [`${flag}=${resolve(folder, rest.join("="))}`] }
}

/** Flags that are of one process, and not of what is asked and written. */
const ofProcess: ReadonlySet<string> = new Set([
  "reuse",
  "fresh",
  "detach",
  "ui",
  "json",
  "events",
  "events-content",
  "record",
  "replay",
  "quiet",
  "progress",
  "journal"
])

/** The same run once more: without the flags that are of its process alone, and with the paths of its outputs for any folder. */
const again = ({ folder, words }: Typed, plan: string): ReadonlyArray<Part> => {
  const operands = new Set(words.filter((word) => word === "run" || resolve(folder, word) === plan))
  return partsOf(words, operands)
    .filter(({ name }) => name !== "" && !ofProcess.has(name))
    .map((part) => inFolder(part, folder))
}

/** `given`: flags that go beside those of the run, and replace those of the same name. */
export const resumed = (begun: Typed | undefined, given: Typed, run: string, plan: string): ReadonlyArray<string> => {
  const operands = new Set(["runs", "resume", run])
  const own = partsOf(given.words, operands)
    .filter(({ name }) => name !== "" && name !== "journal")
    .map((part) => inFolder(part, given.folder))
  const names = new Set(own.map(({ name }) => name))
  const kept = begun === undefined ? [] : again(begun, plan).filter(({ name }) => !names.has(name))
  return ["run", plan, ...[...kept, ...own].flatMap(({ words }) => words)]
}

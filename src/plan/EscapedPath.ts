/** Finds Windows paths and TeX commands in the source of text in double quotes, where a backslash begins an escape. */

/** Letters that with a backslash stand for one character, in YAML or TOML. */
const letters = "tbfrvae0nNLPxu_"

/** What stands before a backslash, up to a blank, a quote, or what lists and calls are written with. */
const beforeIt = /[^\s"'`()[\]<>,;=]*$/u
const afterIt = /^[\p{L}\p{N}_-]*/u

/** The longest text before and after an escape that is looked at. */
const reach = 80

const drive = /(?<![\p{L}\p{N}\\])[A-Za-z]:$/u
/** `Q:` and `A:` before a line break are more often a question and an answer than a drive. */
const label = /[ABQabq]:$/

/** The folder that a path begins at: `.`, `..`, `~`, or a variable of Windows. */
const folder = /^(?:\.{1,2}|~|%[A-Za-z_]{2,}%|\$env:\w+)$/u

/** The server of a share in its own spelling; `\\\\server`, as a program writes it in quotes, is right. */
const share = /^\\\\[A-Za-z][\w.-]+\$?$/u

/** Names of files and commands of TeX that are no word without their first letter, so that no escape before it is meant. */
const names = new Set(
  [
    "new news next nested native network notes node_modules nginx nuget newcommand newline neq nabla notin",
    "temp tmp tests testing text texts template templates tool tools target type types theme themes",
    "textbf textit textrm texttt theta times tfrac therefore triangle",
    "readme report reports release releases resource resources results root routes repo repos requirements reviews",
    "right rightarrow rangle rho"
  ].flatMap((line) => line.split(" "))
)

/** A command of TeX with its argument: a program wrote this text, and its other escapes are meant. */
const texCommand = /\\\\[A-Za-z]+[{[]/

export interface EscapedPath {
  readonly message: string
  /** Whether an escape cannot be meant. A line break may be, as in `C:\new`. */
  readonly isCertain: boolean
}

/** What is wrong with the source of text in double quotes that has a Windows path or a command of TeX in it. */
export const escapedPath = (source: string): EscapedPath | undefined => {
  const isTex = texCommand.test(source)
  // Each match is one escape, so that the second backslash of `\\` begins none.
  for (const { 1: letter = "", index } of source.matchAll(/\\([^])/g)) {
    if (!letters.includes(letter)) continue
    const [before = ""] = beforeIt.exec(source.slice(Math.max(0, index - reach), index)) ?? []
    const [after = ""] = afterIt.exec(source.slice(index + 2, index + reach)) ?? []
    const name = letter + after
    const isNamed = names.has(name)
    const isDrive = drive.test(before) && (letter !== "n" || isNamed || !label.test(before))
    const isFolder = folder.test(before) && after !== ""
    const isPath = isDrive || isFolder || (share.test(before) && after !== "" && !isTex)
    if (!isPath && !isNamed) continue
    const found = isDrive ? `${before.slice(-2)}\\${letter}` : `${before}\\${name}`
    const what = isPath ? "is no path" : "has no backslash"
    const message = `${found} in double quotes ${what}: \\${letter} stands for one character; write \\\\, or use single quotes`
    return { message, isCertain: (isDrive || isFolder) && letter !== "n" }
  }
  return undefined
}

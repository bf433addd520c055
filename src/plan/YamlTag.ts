/** Tags of YAML: those of the core schema are read, and every other one is an error that says what to write instead. */
import { type Document, isScalar, visit } from "yaml"
import type { Found } from "./Source.ts"

const core = ["str", "null", "bool", "int", "float", "map", "seq"]
const prefix = "tag:yaml.org,2002:"

/** What to write in the place of a known tag. */
const instead: ReadonlyArray<readonly [tag: RegExp, advice: string]> = [
  [/^!!binary$/, "write the text itself, or name its file: context: { file: name }"],
  [/^!!timestamp$/, "write the date in quotes, without the tag"],
  [/^!!set$/, "write a mapping with a value for each key, or a list, without the tag"],
  [/^!!(?:omap|pairs)$/, "write a mapping, whose order is kept, without the tag"],
  [/^!!python\//, "a program in Python wrote one of its objects: yaml.safe_dump writes lists and mappings"],
  [/^!include/, "text that begins with ! must stand in quotes; a context is read from a file by { file: name }"]
]

/** What is wrong with a tag that the parser could not apply. */
export const tagMessage = (tag: string): string => {
  if (core.some((name) => tag === `!!${name}`)) return `the tag ${tag} does not fit its value: leave it out`
  const [, advice] = instead.find(([known]) => known.test(tag)) ?? []
  return `the tag ${tag} has no meaning here: ${advice ?? "text that begins with ! must stand in quotes"}`
}

/** The tags that the parser applies, but that make no value of a plan, or take a `!` from its text. */
export const tagProblems = (document: Document, text: string): ReadonlyArray<Found> => {
  const problems: Array<Found> = []
  visit(document, {
    Value: (_key, node) => {
      const { range, tag } = node
      const isMerge = isScalar(node) && node.source === "<<"
      if (tag === undefined || isMerge || core.some((name) => tag === prefix + name)) return
      const isCore = tag.startsWith(prefix)
      // The parser warns of every other tag.
      if (tag !== "!" && !isCore) return
      const name = isCore ? `!!${tag.slice(prefix.length)}` : tag
      const before = text.slice(0, range?.[0] ?? 0)
      problems.push({
        message: tagMessage(name),
        offset: Math.max(before.lastIndexOf(name), before.lastIndexOf("!<"), 0)
      })
    }
  })
  return problems
}

/** What proves, offline, that a cited document and its answers are those of their run: hashes, and the names of the asks. */
import { Schema } from "effect"
import { hashOf } from "../pipeline/CitedAnswer.ts"
import * as CitedMarkdown from "./CitedMarkdown.ts"
import type { Report } from "./Report.ts"

/** Increased when a change of shape would make an existing reader misread it. */
export const version = 1

/** SHA-256 in hexadecimal: of the file of the document with line feeds as line ends, and of each answer's text as it stands in it. */
export const Proof = Schema.Struct({
  version: Schema.Literal(version),
  run: Schema.String,
  /** True if the answers come from the offline mock or from a tape. */
  simulated: Schema.Boolean,
  document: Schema.String,
  answers: Schema.Record(Schema.String, Schema.Struct({ sha256: Schema.String })),
  /** Asks without an answer, and those whose answer the document lacks, as a fold with it failed. */
  gaps: Schema.Array(Schema.String)
})
export interface Proof extends Schema.Schema.Type<typeof Proof> {}

/** Reads the text of a file; fails where it is no proof. */
export const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Proof))

/** The file that the proof of a document is written to: `doc.proof.json` beside `doc.md`. */
export const fileOf = (document: string): string => document.replace(/\.md$/i, "") + ".proof.json"

/** The proof of a report that was written as `file`. */
export const make = ({ answers, gaps, run, simulated, spent }: Report, file: string): Proof => ({
  version,
  run,
  simulated,
  document: hashOf(CitedMarkdown.withLineFeeds(file)),
  answers: Object.fromEntries(
    Object.entries(answers).map(([name, value]) => [name, { sha256: hashOf(CitedMarkdown.standing(textOf(value))) }])
  ),
  gaps: [
    ...gaps.map(({ name }) => name),
    ...Object.values(spent.folds ?? {}).flatMap(({ asks, status }) => (status === "failed" ? asks : []))
  ]
})

/** Prose, or the JSON of a value. */
export const textOf = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value, undefined, 2)

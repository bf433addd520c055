/** Proves a cited document again, by code alone: marks, hashes, quotes, and the numbers and names of marked statements. */
import { Effect } from "effect"
import { hashOf } from "../pipeline/CitedAnswer.ts"
import * as Citations from "../pipeline/Citations.ts"
import type { Statement } from "../pipeline/Statements.ts"
import * as CitedMarkdown from "./CitedMarkdown.ts"
import type { Proof } from "./Proof.ts"

/** `error`: the document is not what its proof says, or a mark or quote is wrong. `warning`: it may be. */
export interface Complaint {
  readonly severity: "error" | "warning"
  readonly message: string
}

export interface Verified {
  readonly statements: number
  readonly answers: number
  readonly complaints: ReadonlyArray<Complaint>
}

const error = (message: string): Complaint => ({ severity: "error", message })
const warning = (message: string): Complaint => ({ severity: "warning", message })

/** `file`: the text of the document's file, with the answers in its appendix. */
export const verify = (file: string, proof: Proof): Effect.Effect<Verified> => {
  const { answers, document } = CitedMarkdown.read(file)
  const names = Object.keys(proof.answers)
  const answered = names.filter((name) => !proof.gaps.includes(name))
  return Effect.map(Citations.check(document, { answered, gaps: proof.gaps }), ({ faults, statements }) => ({
    statements: statements.length,
    answers: names.length,
    complaints: [
      // Proofs have had the hash of the file as it is, with line ends of Windows where the document had some.
      ...([CitedMarkdown.withLineFeeds(file), file].some((text) => hashOf(text) === proof.document)
        ? []
        : [error("the document is not the one that was written: its hash differs")]),
      ...hashComplaints(answers, proof),
      // What nothing rests on, and a statement without a mark, may be so by intent.
      ...faults.map(({ kind, message }) => (/^(unknown|mark of)/.test(kind) ? error(message) : warning(message))),
      ...statements.flatMap((statement) => complaintsOf(statement, answers))
    ]
  }))
}

const hashComplaints = (answers: ReadonlyMap<string, string>, proof: Proof): ReadonlyArray<Complaint> => [
  ...Object.entries(proof.answers).flatMap(([name, { sha256 }]) => {
    const text = answers.get(name)
    if (text === undefined) return [error(`the answer to ${name} is missing in the appendix`)]
    return hashOf(text) === sha256 ? [] : [error(`the answer to ${name} is not the one of the run: its hash differs`)]
  }),
  ...[...answers.keys()]
    .filter((name) => !Object.hasOwn(proof.answers, name))
    .map((name) => error(`the run has no answer to ${name}, which is in the appendix`))
]

/** A text in quotation marks of so many words is a quotation, a shorter one a term. */
const fewestQuotedWords = 3

const quotation = /“([^”]+)”|"([^"]+)"|„([^“”]+)[“”]|«([^»]+)»/g

/** A number with its decimals; a comma or a space between groups of three digits is left out. */
const number = /\d+(?:[.,\u00a0\u202f ]\d{3})*(?:\.\d+)?/g

/** Words with a capital, also several in a row; the first of a sentence is none. */
const properName = /(?<=[\p{L}\p{N},;:)] )\p{Lu}[\p{L}\p{N}]+(?: \p{Lu}[\p{L}\p{N}]+)*/gu

const complaintsOf = ({ asks, text }: Statement, answers: ReadonlyMap<string, string>): ReadonlyArray<Complaint> => {
  const read = asks.flatMap((name) => answers.get(name) ?? [])
  if (read.length === 0) return []
  const rested = plain(read.join("\n"))
  const numbers = new Set(numbersIn(read.join("\n")))
  const where = `${asks.join(", ")}: ${text}`
  const quotes = Array.from(
    text.matchAll(quotation),
    ([, ...groups]) => groups.find((group) => group !== undefined) ?? ""
  )
  return [
    ...quotes
      .filter((quote) => quote.split(/\s+/).length >= fewestQuotedWords && !rested.includes(plain(quote)))
      .map((quote) => error(`no answer says “${quote}”, quoted in ${where}`)),
    ...numbersIn(text)
      .filter((each) => !numbers.has(each))
      .map((each) => warning(`no answer has the number ${each} of ${where}`)),
    ...[...new Set(text.replaceAll(quotation, " ").match(properName))]
      .filter((name) => !name.split(" ").every((word) => rested.includes(word.toLowerCase())))
      .map((name) => warning(`no answer has the name ${name} of ${where}`))
  ]
}

const numbersIn = (text: string): ReadonlyArray<string> =>
  (text.match(number) ?? []).map((each) => each.replaceAll(/[,\u00a0\u202f ](?=\d{3})/g, ""))

/** In lower case, with straight quotation marks and single spaces, without the marks of Markdown. */
const plain = (text: string): string =>
  text
    .replaceAll(/[*_`]/g, "")
    .replaceAll(/[’‘]/g, "'")
    .replaceAll(/\s+/g, " ")
    .toLowerCase()
    .replace(/[.,;]$/, "")

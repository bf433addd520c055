/** Proves a cited document by what the journal has of its run: its answers, its gaps and its statements. */
import { Effect } from "effect"
import { hashOf } from "../pipeline/CitedAnswer.ts"
import * as Statements from "../pipeline/Statements.ts"
import * as CitedMarkdown from "./CitedMarkdown.ts"
import { type Proof, textOf } from "./Proof.ts"
import type { Report } from "./Report.ts"
import type { Complaint } from "./Verify.ts"

const error = (message: string): Complaint => ({ severity: "error", message })

/** `file`: the text of the document's file. `report`: what the journal has of the run. */
export const verify = (
  file: string,
  proof: Proof,
  { answers, document, run, simulated }: Pick<Report, "answers" | "document" | "run" | "simulated">
): Effect.Effect<ReadonlyArray<Complaint>> =>
  Effect.gen(function* () {
    if (run !== proof.run) return [error(`the proof is of run ${proof.run}, not of ${run}`)]
    const names = new Set([...Object.keys(proof.answers), ...Object.keys(answers)])
    const complaints = [...names].flatMap((name): ReadonlyArray<Complaint> => {
      if (!Object.hasOwn(answers, name)) return [error(`the journal has no answer to ${name}`)]
      if (!Object.hasOwn(proof.answers, name))
        return [error(`the proof lacks the answer to ${name}, which the journal has`)]
      const isSame = hashOf(CitedMarkdown.standing(textOf(answers[name]))) === proof.answers[name]!.sha256
      return isSame ? [] : [error(`the answer to ${name} is not the one that the journal has: its hash differs`)]
    })
    if (simulated !== proof.simulated) {
      complaints.push(error(`the answers are ${simulated ? "" : "not "}simulated, and the proof says otherwise`))
    }
    const kept = typeof document === "string" ? yield* Statements.of(CitedMarkdown.standing(document)) : []
    const written = yield* Statements.of(CitedMarkdown.read(file).document)
    const different = written.find((statement, n) => !areSame(statement, kept[n]))
    if (different === undefined && written.length === kept.length) return complaints
    const what = different === undefined ? "statements are missing" : `it has another statement: ${different.text}`
    return [...complaints, error(`the document is not the one that the journal has: ${what}`)]
  })

const areSame = (a: Statements.Statement, b: Statements.Statement | undefined): boolean =>
  a.text === b?.text && a.asks.join() === b.asks.join()

/** Makes findings of the exits of asks, in the order asked and in the shape of the asks. */
import { Exit } from "effect"
import type { AskError } from "../claude/AskError.ts"
import type { Policy } from "../options/Policy.ts"
import type * as Ask from "./Ask.ts"
import { type Asks, type Finding, type Findings, isGap, type Outcome } from "./Findings.ts"
import type { Entry } from "./ResearchOptions.ts"

/** How one ask ended. */
export type AskExit = Exit.Exit<Ask.Answer<unknown>, AskError>

export const outcomeOf = (exit: AskExit): Outcome<unknown> => {
  if (Exit.isSuccess(exit)) return { _tag: "Answered", ...exit.value }
  const error = Exit.findErrorOption(exit)
  return error._tag === "Some" ? { _tag: "Failed", error: error.value } : { _tag: "Interrupted" }
}

/** The finding of an ask; an ask without an outcome was interrupted. */
export const findingOf = (
  { ask, index, name }: Entry,
  outcome: Outcome<unknown> = { _tag: "Interrupted" }
): Finding => ({
  name,
  index,
  question: ask.question,
  outcome
})

/** All findings of a research, with the answers in the shape of `asks`. `outcomes` are by name. */
export const findingsOf = (
  asks: Asks,
  entries: ReadonlyArray<Entry>,
  outcomes: ReadonlyMap<string, Outcome<unknown>>,
  { policy, run }: { readonly policy: Policy; readonly run: string },
  durationMillis: number
): Findings => {
  const findings = entries.map((entry) => findingOf(entry, outcomes.get(entry.name)))
  const values = findings.map(({ outcome }) => (outcome._tag === "Answered" ? outcome.value : undefined))
  const answers = Array.isArray(asks)
    ? values
    : Object.fromEntries(findings.map(({ name }, index) => [name, values[index]]))
  return {
    run,
    policy,
    findings,
    gaps: findings.filter(isGap),
    durationMillis,
    answers: answers as Findings["answers"]
  }
}

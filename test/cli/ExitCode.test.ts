/** Which exit code a run ends with, and the message before it. */
import { assert, describe, it } from "@effect/vitest"
import { AskError, type Findings, type Research } from "fanfold"
import * as ExitCode from "../../src/cli/ExitCode.ts"
import type { Outcome } from "../../src/pipeline/Pipeline.ts"
import * as FakeClaude from "../FakeClaude.ts"

const reply = FakeClaude.reply("yes")
const answered = { _tag: "Answered", value: "yes", reply, usage: reply.usage, durationMillis: 1 } as const
const interrupted = { _tag: "Interrupted" } as const
const failedBy = (reason: AskError.Reason) => ({ _tag: "Failed", error: new AskError.AskError({ reason }) }) as const
const overBudget = failedBy(new AskError.OverBudget({ unit: "usd", limit: 1, needed: 2, left: 1 }))
const overloaded = failedBy(new AskError.Overloaded({ detail: "busy" }))

const outcomeOf = (asks: ReadonlyArray<Findings.Finding["outcome"]>, rest: Partial<Outcome> = {}): Outcome => {
  const findings = asks.map((outcome, index): Findings.Finding => ({
    name: `q${index}`,
    index,
    question: "?",
    outcome
  }))
  const gaps = findings.filter((finding): finding is Findings.Gap => finding.outcome._tag !== "Answered")
  return {
    findings: { run: "run", policy: "best-effort", answers: {}, findings, gaps, durationMillis: 1 },
    document: undefined,
    error: undefined,
    shortfall: undefined,
    ...rest
  }
}

const first = (outcome: Outcome): Outcome => ({
  ...outcome,
  findings: { ...outcome.findings, policy: { first: 1 } }
})

const delivered = { isComplete: true }
const undelivered = { ...delivered, isComplete: false }
const shortfall = { shortfall: "1 of 2 asks answered, 2 needed" } as Research.ResearchError
const synthesisError = new AskError.AskError({ reason: new AskError.Overloaded({ detail: "\u001B[31mbusy" }) })
const refused = new AskError.AskError({ reason: new AskError.Refused({ category: "bio", explanation: null }) })
const advice =
  "To have it answered, word its instruction in another way, or name another model for it: synthesis: { instruction: …, model: … }"

describe("the exit code of a run", () => {
  const table: ReadonlyArray<
    readonly [what: string, outcome: Outcome, delivery: ExitCode.Delivery, code: number | undefined, message: string]
  > = [
    ["every answer", outcomeOf([answered, answered]), delivered, undefined, ""],
    ["asks that `first` interrupted", first(outcomeOf([answered, interrupted])), delivered, undefined, ""],
    ["asks that the user stopped", outcomeOf([answered, interrupted]), delivered, 3, ""],
    ["a gap", outcomeOf([answered, overloaded]), delivered, 3, ""],
    [
      "a gap under a policy that needs it",
      outcomeOf([answered, overloaded], { shortfall }),
      delivered,
      3,
      shortfall.shortfall
    ],
    ["a gap that the budget caused", outcomeOf([answered, overBudget]), delivered, 4, ""],
    ["no answer", outcomeOf([overloaded]), delivered, 1, "No ask was answered."],
    ["no answer, as the budget was too small", outcomeOf([overBudget]), delivered, 4, "No ask was answered."],
    ["a file that could not be written", outcomeOf([answered]), undelivered, 1, ""],
    [
      "a failed synthesis",
      outcomeOf([answered], { error: synthesisError }),
      delivered,
      1,
      "The synthesis failed: overloaded: busy"
    ],
    [
      "a refused synthesis",
      outcomeOf([answered], { error: refused }),
      delivered,
      1,
      `The synthesis failed: Claude refused (bio)\n${advice}`
    ]
  ]
  it.each(table)("after %s", (_, outcome, delivery, code, message) => {
    const failure = ExitCode.ofRun(outcome, delivery)
    assert.strictEqual(failure?.exitCode, code)
    assert.strictEqual(failure?.message ?? "", message)
  })
})

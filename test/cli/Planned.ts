/** The plan that most runs are of, a mock that refuses a part of it, and what a run left in its files. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { fault, mockClaude } from "fanfold/mocks"

export const plan = `asks:
  sun: How far is the sun?
  moon: How far is the moon?
synthesis: Compare both.
`

/** The plan of runs that are looked at while they go on, or compared: one ask may be changed and two be left. */
export const planOfThree = plan.replace(
  "synthesis: Compare both.",
  "  mars: How far is Mars?\nsynthesis: Compare them."
)

/** A mock that fails what it is told to, the way the API refuses a wrong request. */
export const failing = (
  when: { readonly user?: string; readonly part: "ask" | "synthesis" },
  message = "no such thing"
) => {
  const claude = mockClaude()
  claude.fault(fault.other(400, { type: "invalid_request_error", message, shouldRetry: false }), { when })
  return claude
}

export const wroteIn = (stderr: string): string =>
  /^Wrote (fanfold-\w+\.json)$/m.exec(stderr)?.[1] ?? "no file is named"
export const jsonIn = (...path: ReadonlyArray<string>) => JSON.parse(readFileSync(join(...path), "utf8"))

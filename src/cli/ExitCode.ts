/** How a command ends where it does not end well. Scripts read the exit code, people the message. */
import { Data, Runtime } from "effect"

/** Exit codes; 0 is a complete document, 130 an interruption. A document with gaps because the budget is used up is 4. */
export const code = { failed: 1, usage: 2, gaps: 3, overBudget: 4 } as const

/** Ends the process with `exitCode`; `message`, where there is one, goes to standard error first. */
export class Failure extends Data.TaggedError("Failure")<{
  readonly exitCode: (typeof code)[keyof typeof code]
  readonly message: string
}> {
  override readonly [Runtime.errorExitCode] = this.exitCode
}

/** A wrong plan, flag or environment: nothing was sent. */
export const usage = (message: string): Failure => new Failure({ exitCode: code.usage, message })

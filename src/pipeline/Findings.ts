/** The result of a research: each ask's question with its answer and reply, or the reason why there is none. */
import type { Answer, Ask } from "./Ask.ts"
import type { AskError } from "../claude/AskError.ts"
import type { Policy } from "../options/Policy.ts"

/** The asks of a run, by name or in order. */
export type Asks = Readonly<Record<string, Ask<any, any>>> | ReadonlyArray<Ask<any, any>>

export type AnswerOf<A> = A extends Ask<infer Value, any> ? Value : never
export type ServicesOf<A extends Asks> = A[keyof A] extends infer Each
  ? Each extends Ask<any, infer R>
    ? R
    : never
  : never

/** The answers in the shape of the asks. Under every policy but `"all"` each of them may be missing. */
export type Answers<A extends Asks, P extends Policy> = {
  readonly [K in keyof A]: AnswerOf<A[K]> | (P extends "all" ? never : undefined)
}

export interface Answered<out A> extends Answer<A> {
  readonly _tag: "Answered"
}
export interface Failed {
  readonly _tag: "Failed"
  readonly error: AskError
}
/** Interrupted before its end: by the user, by the failure of another ask, or because there were enough answers. */
export interface Interrupted {
  readonly _tag: "Interrupted"
}
export type Outcome<A> = Answered<A> | Failed | Interrupted

/** One ask and how it ended. `name` is its key; in an array it is `ask1`, `ask2`, … and `index` counts from 0. */
export interface Finding<out A = unknown, out Name extends string = string> {
  readonly name: Name
  readonly index: number
  readonly question: string
  readonly outcome: Outcome<A>
}

/** A finding without an answer. */
export interface Gap extends Finding {
  readonly outcome: Failed | Interrupted
}

/** All findings of a run, in the order asked. */
export interface Findings<out A extends Asks = any, out P extends Policy = Policy> {
  /** The run's id, the same as in its events. */
  readonly run: string
  readonly policy: Policy
  readonly answers: Answers<A, P>
  readonly findings: ReadonlyArray<Finding>
  readonly gaps: ReadonlyArray<Gap>
  readonly durationMillis: number
}

export const isGap = (finding: Finding): finding is Gap => finding.outcome._tag !== "Answered"

/** What ends asks before they are answered, under every policy: a limit, or the user, who stops asking. */
export type EndedBy = "deadline" | "budget" | "stop"

/** The limit that an ask failed by; `undefined` for every other failure. */
export const endingOf = ({ reason }: AskError): Exclude<EndedBy, "stop"> | undefined => {
  if (reason._tag === "OverBudget") return "budget"
  return reason._tag === "TimedOut" && reason.scope === "run" ? "deadline" : undefined
}

/**
 * Whether every other ask of the account fails by the same: its key, its credit or its server is wrong. Of what an ask alone may be
 * the cause, such as a model that is not found or not allowed, `SharedFailure` judges.
 */
export const concernsEveryAsk = ({ reason }: AskError): boolean =>
  reason._tag === "Authentication" ||
  reason._tag === "BillingFailed" ||
  reason._tag === "SpendLimitReached" ||
  (reason._tag === "Unreachable" && !reason.isPassing)

/** The limit that ended asks of these findings; the budget, where the deadline did too. */
export const endedBy = ({ gaps }: Pick<Findings, "gaps">): Exclude<EndedBy, "stop"> | undefined => {
  const endings = new Set(gaps.map(({ outcome }) => (outcome._tag === "Failed" ? endingOf(outcome.error) : undefined)))
  return endings.has("budget") ? "budget" : endings.has("deadline") ? "deadline" : undefined
}

/** Why there is no answer, in a line. */
export const whyOf = ({ outcome }: Gap): string =>
  outcome._tag === "Failed" ? outcome.error.message : "stopped before it was answered"

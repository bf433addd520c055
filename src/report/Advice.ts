/** Why an ask has no answer, in plain words, and what to change before it is asked again. No Effect: the page's script has it too. */

export interface Advice {
  /** Completes "13 asks …". */
  readonly why: string
  /** What to do first; absent where asking again is all. */
  readonly first?: string
}

/** By the tag of a reason (`claude/Reason.ts`), and of what has no error: `Interrupted`, `NotAsked`, `NotAnswered`, `Defect`. */
const advice: Readonly<Record<string, Advice>> = {
  RateLimited: {
    why: "met the rate limit of the account at their last try",
    first: "wait a minute, or ask fewer at once (-j)"
  },
  Overloaded: {
    why: "found the API overloaded at their last try",
    first: "wait a few minutes, or name a second model (--model a,b)"
  },
  ServerError: { why: "met errors of the API's servers at their last try", first: "wait a few minutes" },
  SpendLimitReached: { why: "met the spend limit of the account", first: "raise the limit in the Claude Console" },
  BillingFailed: { why: "could not be paid", first: "check the credit in the Claude Console" },
  Authentication: { why: "were rejected because of the key", first: "set ANTHROPIC_API_KEY to a valid key" },
  PermissionDenied: { why: "were rejected: the key may not do this", first: "use a key that may, or another model" },
  NotFound: { why: "asked for something that the API does not have", first: "check the model's name and the base URL" },
  InvalidRequest: { why: "were rejected as wrong", first: "correct the plan as the message says" },
  TooLarge: { why: "were too large", first: "shorten the context or the question" },
  Refused: {
    why: "were refused by Claude",
    first: "word it in another way, or name another model for it"
  },
  Truncated: { why: "were cut before their end", first: "raise its maxTokens in the plan" },
  Unfinished: { why: "did not end after many turns" },
  IncompleteReply: { why: "got a reply that is no whole answer", first: "see the message" },
  EmptyAnswer: { why: "got an empty answer, twice" },
  Undecodable: {
    why: "got answers that do not fit their schema, twice",
    first: "loosen the schema, or name a stronger model"
  },
  NoAgreement: {
    why: "got fewer votes that agree than votes.atLeast",
    first: "lower votes.atLeast, or ask more precisely: the same votes are taken again otherwise"
  },
  Stalled: { why: "fell silent on the way", first: "check the network" },
  CutOff: { why: "were cut off by the network", first: "check the network" },
  BrokenStream: { why: "got replies that cannot be read", first: "check the proxy or gateway" },
  NotJson: { why: "got something else than a reply of Claude", first: "check the base URL and proxies" },
  Unreachable: { why: "could not reach Claude", first: "check the network and the base URL" },
  TimedOut: { why: "ran out of time", first: "raise the limit that the message names" },
  OverBudget: { why: "did not fit into the budget any more", first: "raise the budget (--budget)" },
  Unbounded: { why: "cannot be bounded by a budget", first: "see the message" },
  Unbatched: { why: "left their batch without an answer" },
  WorkerLost: { why: "were lost with workers that ended", first: "see what the workers wrote last" },
  WorkerFailed: { why: "failed on a worker by an error of its code", first: "see what the worker wrote" },
  Defect: { why: "met an error in code", first: "see the message" },
  Interrupted: { why: "were stopped before they were answered" },
  NotAsked: { why: "were not asked yet" },
  NotAnswered: { why: "were on their way and may have been paid" }
}

/** Of `TimedOut`, by how its message begins: the limit that was met. */
const timedOut: ReadonlyArray<readonly [RegExp, Advice]> = [
  [
    /^timed out: the attempt /,
    { why: "had an attempt that ran out of time", first: "raise timeout.attempt (--timeout-attempt)" }
  ],
  [
    /^timed out: the (?:ask|synthesis) /,
    { why: "ran out of time with all tries", first: "raise retry.within (--retry-within), or its own timeout" }
  ],
  [/^out of time: /, { why: "ran out of the run's time", first: "raise the deadline (--deadline)" }]
]

/** `message`: what was reported; it tells which limit was met. */
export const adviceOf = (reason: string, message = ""): Advice => {
  if (reason === "TimedOut") return timedOut.find(([begins]) => begins.test(message))?.[1] ?? advice["TimedOut"]!
  return Object.hasOwn(advice, reason) ? advice[reason]! : { why: `failed (${reason})` }
}

/** Completes "13 asks …", or "1 ask …". */
export const whyText = (reason: string, count: number, message = ""): string => {
  const { why } = adviceOf(reason, message)
  return count === 1 ? why.replace(/^were /, "was ").replaceAll("their ", "its ") : why
}

/** What of events quotes prompts or answers, which leave the process only where a user asks for them. */
import type { Event } from "./Event.ts"
import type { Reason } from "./Reason.ts"

/** Reasons whose messages quote an answer, or a text that may be one. */
const quoting: ReadonlySet<string> = new Set<Reason["_tag"] | "Defect">([
  "Refused",
  "Undecodable",
  "NotJson",
  "BrokenStream",
  "Contradictory",
  "WorkerFailed",
  "Defect"
])

/** The message of a failure; `undefined` where it may quote an answer. */
export const messageOf = ({
  message,
  reason
}: {
  readonly reason: string
  readonly message: string
}): string | undefined => (quoting.has(reason) ? undefined : message)

/** An event without the keys that hold questions, or quote answers. */
export type WithoutContent = { readonly _tag: Event["_tag"] } & { readonly [key: string]: unknown }

/** The event without questions, the words of the command line, issues of answers, statements of a document, and messages that may quote one. */
export const withoutContent = (event: Event): WithoutContent => {
  switch (event._tag) {
    case "Configured": {
      const { words: _, ...rest } = event
      return rest
    }
    case "ResearchStarted":
      return { ...event, asks: event.asks.map(({ name }) => ({ name })) }
    case "Started": {
      const { question: _, ...rest } = event
      return rest
    }
    case "Reasked": {
      const { issue: _, ...rest } = event
      return rest
    }
    case "Cited":
      return { ...event, faults: event.faults.map(({ kind }) => ({ kind })) }
    case "Contradicted":
      return { ...event, subject: undefined, statements: event.statements.map(({ ask }) => ({ ask })) }
    case "AttemptFailed":
    case "Retrying":
    case "FellBack":
    case "Failed": {
      if (messageOf(event) !== undefined) return event
      const { message: _, ...rest } = event
      return rest
    }
    default:
      return event
  }
}

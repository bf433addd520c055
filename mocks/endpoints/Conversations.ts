/** The answered requests that later ones refer to by a message's id: the turns of a thread, and prompts to diagnose cache misses. */
import * as ApiError from "../wire/ApiError.ts"
import type { Block } from "../wire/Completion.ts"
import * as Tokens from "../wire/Tokens.ts"
import { listOf, objectOf, type UncheckedJson } from "../wire/UncheckedJson.ts"

/** An answered request with the content of its answer. */
interface Answered {
  readonly body: UncheckedJson
  readonly content: ReadonlyArray<Block>
  readonly isThread: boolean
  isContinued: boolean
  usedAt: number
}

/** A request with the turns that a thread adds to it, or why the thread cannot be continued. */
export interface Resumed {
  readonly body: UncheckedJson
  readonly error?: ApiError.ApiError
}

/** The conversations of one mock. Times are the clock's, in milliseconds. */
export interface Conversations {
  /** Adds the stored turns, system prompt and tools of the thread that a request continues. */
  readonly resume: (body: UncheckedJson, nowMillis: number) => Resumed
  /** Remembers an answer, if the request belongs to a thread or asks for diagnostics. */
  readonly store: (id: string, body: UncheckedJson, content: ReadonlyArray<Block>, nowMillis: number) => void
  /** Gives the value of `diagnostics` in the reply; null if the request does not ask for it. */
  readonly diagnose: (body: UncheckedJson) => UncheckedJson | null
}

/** The API deletes a thread no later than an hour after its last use. */
const lifetimeMillis = 60 * 60_000
const maxKept = 10_000
/** With a thread, one of the four cache breakpoints is the server's. */
const maxThreadMarks = 3
const createOnly = ["system", "tools"]
/** Fields that threads do not support. */
const unsupported = ["context_management"]

const rejection = (code: string, message: string, more: UncheckedJson = {}): ApiError.ApiError => ({
  ...ApiError.invalid(message),
  errorCode: code,
  details: more
})

const marksIn = (value: unknown): number => (JSON.stringify(value ?? null).match(/"cache_control":\{/g) ?? []).length

const supportProblem = (body: UncheckedJson): ApiError.ApiError | undefined => {
  const found = unsupported.filter((field) => body[field] !== undefined && body[field] !== null)
  if (found.length > 0) {
    return rejection("thread_unsupported_request", `thread: cannot be combined with ${found.join(", ")}`, {
      unsupported: found
    })
  }
  const marks = marksIn([body["system"], body["tools"], body["messages"]])
  return marks > maxThreadMarks
    ? rejection(
        "thread_unsupported_request",
        `thread: a maximum of 3 blocks with cache_control may be provided when thread is set -- the fourth marker slot is reserved for the marker the server places on the conversation's last cache-eligible block. Found ${marks}.`,
        { unsupported: ["cache_control"] }
      )
    : undefined
}

const notFound: ApiError.ApiError = {
  ...ApiError.notFound(
    'No thread state was found for the requested `previous_message_id`. Replay the full conversation with thread: {"type": "create"} to start a new Thread.'
  ),
  errorCode: "thread_not_found"
}

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? null) === JSON.stringify(b ?? null)

/** Gives the type of the difference that a prompt cache cannot bridge; undefined if the earlier turns begin the later ones. */
const differenceOf = (before: UncheckedJson, after: UncheckedJson): string | undefined => {
  if (before["model"] !== after["model"] || !isSame(before["speed"], after["speed"])) return "model_changed"
  if (!isSame(before["tools"], after["tools"])) return "tools_changed"
  if (!isSame(before["system"], after["system"])) return "system_changed"
  const turns = listOf(before["messages"])
  return isSame(turns, listOf(after["messages"]).slice(0, turns.length)) ? undefined : "messages_changed"
}

/** Makes an empty memory of at most 10,000 answers. */
export const make = (): Conversations => {
  const answered = new Map<string, Answered>()
  return {
    resume: (body, now) => {
      const thread = objectOf(body["thread"])
      if (thread === undefined) return { body }
      const error = supportProblem(body)
      if (error !== undefined) return { body, error }
      if (thread["type"] !== "continue") return { body }
      const found = answered.get(String(thread["previous_message_id"]))
      if (found === undefined || !found.isThread || found.usedAt + lifetimeMillis < now)
        return { body, error: notFound }
      const repeated = createOnly.find((field) => body[field] !== undefined)
      if (repeated !== undefined) {
        return { body, error: ApiError.invalid(`${repeated}: cannot be set when thread.type is "continue"`) }
      }
      if (found.isContinued) {
        return {
          body,
          error: rejection(
            "thread_already_continued",
            "The response that `previous_message_id` names has already been continued. Continue from the Thread's most recent response."
          )
        }
      }
      if (found.body["model"] !== body["model"]) {
        return {
          body,
          error: rejection("thread_fingerprint_mismatch", "model: differs from the value stored with the Thread")
        }
      }
      found.usedAt = now
      const { messages, system, tools } = found.body
      return {
        body: {
          ...body,
          ...(system === undefined ? {} : { system }),
          ...(tools === undefined ? {} : { tools }),
          messages: [...listOf(messages), { role: "assistant", content: found.content }, ...listOf(body["messages"])]
        }
      }
    },
    store: (id, body, content, now) => {
      const thread = objectOf(body["thread"])
      if (thread === undefined && objectOf(body["diagnostics"]) === undefined) return
      const previous = answered.get(String(thread?.["previous_message_id"]))
      if (previous !== undefined) previous.isContinued = true
      answered.set(id, { body, content, isThread: thread !== undefined, isContinued: false, usedAt: now })
      const [oldest] = answered.keys()
      if (answered.size > maxKept && oldest !== undefined) answered.delete(oldest)
    },
    diagnose: (body) => {
      const request = objectOf(body["diagnostics"])
      if (request === undefined) return null
      const id = request["previous_message_id"] ?? undefined
      if (typeof id !== "string") return { cache_miss_reason: null }
      const previous = answered.get(id)
      if (previous === undefined) return { cache_miss_reason: { type: "previous_message_not_found" } }
      const type = differenceOf(previous.body, body)
      return type === undefined
        ? { cache_miss_reason: null }
        : { cache_miss_reason: { type, cache_missed_input_tokens: Tokens.ofRequest(previous.body) } }
    }
  }
}

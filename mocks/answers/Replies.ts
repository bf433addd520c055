/** The registered replies, and which one answers a prompt. */
import * as ApiError from "../wire/ApiError.ts"
import * as Matcher from "./Matcher.ts"
import type { Prompt } from "./Prompt.ts"
import * as Reply from "./Reply.ts"

/** A reply of a scenario, and the requests it answers. */
export interface WrittenReply {
  readonly when: Matcher.Matcher
  readonly reply: Reply.Reply
}

/** Limits the use of a registered reply, which has no limit by default. Later matching replies answer after that. */
export interface RegisteredReply {
  /** Limits it to one request. */
  readonly once: () => void
  /** Limits it to `count` requests. */
  readonly times: (count: number) => void
}

/** The replies of a mock: those registered by its test in their order, then those of its scenario. */
export interface Replies {
  readonly add: (matcher: Matcher.Matcher, reply: Reply.Reply) => RegisteredReply
  /** Gives the first reply that matches and is below its limit, and counts that use. */
  readonly take: (prompt: Prompt) => Reply.Reply | undefined
}

/** The error for a request that no reply was registered for, where none is simulated; it names the request. */
export const unmatched = (prompt: Prompt): ApiError.ApiError =>
  ApiError.invalid(
    `mock: no reply is registered for this request. model: ${prompt.model}; part: ${prompt.part}; last user turn: ${JSON.stringify(prompt.instruction.slice(0, 200))}. Register one with when(…).reply(…), or set unmatched to "simulate".`
  )

interface Rule {
  readonly matches: (prompt: Prompt) => boolean
  readonly reply: Reply.Reply
  usesLeft: number
}

const rule = (matcher: Matcher.Matcher, reply: Reply.Reply): Rule => ({
  // A written synthesis is made of the findings of the prompt, which an ask does not have.
  matches: Matcher.compile(Reply.isWrittenSynthesis(reply) ? { ...matcher, part: "synthesis" } : matcher),
  reply,
  usesLeft: Number.POSITIVE_INFINITY
})

/** Makes the replies of a scenario. */
export const make = (scenario: ReadonlyArray<WrittenReply>): Replies => {
  const registered: Array<Rule> = []
  const written = scenario.map(({ reply, when }) => rule(when, reply))
  return {
    add: (matcher, reply) => {
      const added = rule(matcher, reply)
      registered.push(added)
      return {
        once: () => {
          added.usesLeft = 1
        },
        times: (count) => {
          added.usesLeft = count
        }
      }
    },
    take: (prompt) => {
      for (const rules of [registered, written]) {
        for (const candidate of rules) {
          if (candidate.usesLeft <= 0 || !candidate.matches(prompt)) continue
          candidate.usesLeft--
          return candidate.reply
        }
      }
      return undefined
    }
  }
}

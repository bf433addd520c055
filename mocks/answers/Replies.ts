/** The replies that were laid down, in the order in which they are tried. */
import * as Matcher from "./Matcher.ts"
import type { Prompt } from "./Prompt.ts"
import * as Reply from "./Reply.ts"

/** A reply of a scenario, and the requests it answers. */
export interface WrittenReply {
  readonly when: Matcher.Matcher
  readonly reply: Reply.Reply
}

/** A reply that was laid down; it holds for ever unless one of these says otherwise. */
export interface Laid {
  /** Holds for one request; then the next reply that matches has its turn. */
  readonly once: () => void
  /** Holds for `count` requests, as they arrive. */
  readonly times: (count: number) => void
}

/** Those of a test, and after them those of its scenario. */
export interface Replies {
  readonly add: (matcher: Matcher.Matcher, reply: Reply.Reply) => Laid
  /** Gives the first reply that matches, and counts it as used. */
  readonly take: (prompt: Prompt) => Reply.Reply | undefined
}

interface Rule {
  readonly matches: (prompt: Prompt) => boolean
  readonly reply: Reply.Reply
  left: number
}

const rule = (matcher: Matcher.Matcher, reply: Reply.Reply): Rule => ({
  // A folded reply has no sections without findings: it never answers an ask.
  matches: Matcher.compile(Reply.isWrittenSynthesis(reply) ? { ...matcher, part: "synthesis" } : matcher),
  reply,
  left: Number.POSITIVE_INFINITY
})

/** Makes the list that begins with what a scenario holds. */
export const make = (scenario: ReadonlyArray<WrittenReply>): Replies => {
  const laid: Array<Rule> = []
  const written = scenario.map(({ reply, when }) => rule(when, reply))
  return {
    add: (matcher, reply) => {
      const added = rule(matcher, reply)
      laid.push(added)
      return {
        once: () => {
          added.left = 1
        },
        times: (count) => {
          added.left = count
        }
      }
    },
    take: (prompt) => {
      for (const rules of [laid, written]) {
        for (const one of rules) {
          if (one.left <= 0 || !one.matches(prompt)) continue
          one.left--
          return one.reply
        }
      }
      return undefined
    }
  }
}

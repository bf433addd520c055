/** An offline Claude: what a test holds in its hand. */
import * as Clock from "./Clock.ts"
import * as Engine from "./Engine.ts"
import * as Journal from "./Journal.ts"
import * as Latency from "./Latency.ts"
import * as Matcher from "./Matcher.ts"
import type { ApiVersion } from "./Message.ts"
import type { Reply } from "./Reply.ts"
import * as Reply_ from "./Reply.ts"
import * as Scenario from "./Scenario.ts"

/** All optional. What is given here wins over the scenario. */
export interface Options {
  /** Seeds every draw; 1 unless given. */
  readonly seed?: number
  /** How long replies take; at once unless given. */
  readonly latency?: Latency.Latency
  /** Multiplies all simulated time: 1/20 makes 20 seconds one. */
  readonly timeScale?: number
  readonly scenario?: Scenario.Scenario
  /** Plays this version of the API whatever the client asks for. */
  readonly apiVersion?: ApiVersion
  /** Where time comes from; the machine unless given. */
  readonly clock?: Clock.Clock
  /** How many journal entries are kept; 10,000 unless given. */
  readonly journalEntries?: number
}

/** A reply that was laid down; it holds until it is used up. */
export interface Laid {
  /** Holds for one request, then the next reply that matches has its turn. */
  readonly once: () => void
  /** Holds for `count` requests. */
  readonly times: (count: number) => void
}

/** The offline Claude. */
export interface MockClaude {
  /** Give it to the SDK: `new Anthropic({ fetch: claude.fetch })`. */
  readonly fetch: typeof globalThis.fetch
  /** Lays down a reply for the requests that match; earlier replies win over later ones and over the scenario. */
  readonly when: (matcher: Matcher.Matcher) => { readonly reply: (reply: Reply) => Laid }
  readonly journal: { readonly entries: ReadonlyArray<Journal.Entry>; readonly peakInFlight: number }
}

interface Rule {
  readonly matches: ReturnType<typeof Matcher.compile>
  readonly reply: Reply
  left: number
}

const defaultJournalEntries = 10_000

/** Makes an offline Claude. It holds no socket and no timer until it is asked something. */
export const make = (options: Options = {}): MockClaude => {
  const { scenario } = options
  const book = Journal.make(options.journalEntries ?? defaultJournalEntries)
  const laid: Array<Rule> = []
  const fromScenario = (scenario?.replies ?? []).map(
    ({ reply, when }): Rule => ({
      matches: Matcher.compile(Reply_.isFold(reply) ? { ...when, part: "synthesis" } : when),
      reply,
      left: Number.POSITIVE_INFINITY
    })
  )
  const fetch = Engine.make({
    seed: options.seed ?? scenario?.seed ?? 1,
    timeScale: options.timeScale ?? scenario?.timeScale ?? 1,
    latency: options.latency ?? Scenario.latencyOf(scenario?.latency) ?? Latency.none,
    clock: options.clock ?? Clock.real,
    book,
    apiVersion: options.apiVersion,
    written: (prompt) => {
      const rule = [...laid, ...fromScenario].find((one) => one.left > 0 && one.matches(prompt))
      if (rule === undefined) return undefined
      rule.left--
      return rule.reply
    }
  })
  return {
    fetch,
    when: (matcher) => ({
      reply: (reply) => {
        const rule: Rule = { matches: Matcher.compile(matcher), reply, left: Number.POSITIVE_INFINITY }
        laid.push(rule)
        return {
          once: () => {
            rule.left = 1
          },
          times: (count) => {
            rule.left = count
          }
        }
      }
    }),
    journal: book
  }
}

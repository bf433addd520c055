/** An offline Claude: what a test holds in its hand. */
import * as Cache from "./endpoints/Cache.ts"
import * as Clock from "./time/Clock.ts"
import * as Engine from "./Engine.ts"
import type { BatchTimes } from "./endpoints/Exchange.ts"
import type { Fault } from "./faults/Fault.ts"
import * as FaultRules from "./faults/FaultRules.ts"
import * as Journal from "./journal/Journal.ts"
import * as Latency from "./time/Latency.ts"
import * as Limits from "./endpoints/Limits.ts"
import type { Matcher } from "./answers/Matcher.ts"
import type { ApiVersion } from "./wire/Message.ts"
import { record } from "./tape/Record.ts"
import { replay } from "./tape/Replay.ts"
import * as Replies from "./answers/Replies.ts"
import type { Reply } from "./answers/Reply.ts"
import * as Scenario from "./scenarios/Scenario.ts"
import type { Server, ServeOptions } from "./Server.ts"
import * as Verdict from "./journal/Verdict.ts"

/** All optional. What is given here wins over the scenario. */
export interface Options {
  /** Seeds all random values; 1 unless given. */
  readonly seed?: number
  /** How long replies take; no time at all unless given. */
  readonly latency?: Latency.Latency
  /**
   * Multiplies what the mock itself takes: 1/20 makes 20 simulated seconds one. What the wire promises in the client's time
   * (limits a minute, `retry-after`, the life of a cache entry) stays as it is.
   */
  readonly timeScale?: number
  /** Rate limits to enforce; none unless given. */
  readonly limits?: Limits.Limits
  readonly scenario?: Scenario.Scenario
  /** Plays this version of the API whatever the client asks for. */
  readonly apiVersion?: ApiVersion
  readonly batches?: Partial<BatchTimes>
  /** Where time comes from; the machine unless given. */
  readonly clock?: Clock.Clock
  /** How many of the last attempts the journal keeps; 10,000 unless given. */
  readonly journalEntries?: number
}

/** What the mock saw. */
export interface JournalView {
  readonly entries: ReadonlyArray<Journal.Entry>
  readonly attempts: number
  readonly inFlight: number
  readonly peakInFlight: number
  /** One line an attempt, sorted, without measured times: equal for equal seeds and requests. */
  readonly log: () => ReadonlyArray<string>
  /** What the client did wrong, if anything. Ask when it is done. */
  readonly verdict: () => Verdict.Verdict
  readonly clear: () => void
}

/** The offline Claude. */
export interface MockClaude {
  /** Give it to the SDK: `new Anthropic({ fetch: claude.fetch })`. */
  readonly fetch: typeof globalThis.fetch
  /** Lays down a reply for the requests that match; earlier replies win over later ones and over the scenario. */
  readonly when: (matcher: Matcher) => { readonly reply: (reply: Reply) => Replies.Laid }
  /** Lays down a fault; every request meets it unless `strike` says otherwise. */
  readonly fault: (fault: Fault, strike?: FaultRules.Strike) => void
  /** Listens on 127.0.0.1 unless told otherwise. */
  readonly serve: (options?: ServeOptions) => Promise<Server>
  /** From now on passes every request to `upstream`, the API unless given, and appends each exchange to `file`. */
  readonly record: (file: string, options?: { readonly upstream?: string }) => void
  /** From now on answers from a tape, at `speed` times the recorded pace; what is not on it is refused. */
  readonly replay: (file: string, options?: { readonly speed?: number }) => Promise<void>
  readonly journal: JournalView
}

const defaultJournalEntries = 10_000
/** A batch of the mock is done within a simulated minute; the API promises a day, after which it expires. */
const defaultBatches: BatchTimes = { processingMillis: 60_000, expiresMillis: 24 * 60 * 60_000 }

/** Makes an offline Claude. It holds no socket and no timer until it is asked something. */
export const make = (options: Options = {}): MockClaude => {
  const { scenario } = options
  const journal = Journal.make(options.journalEntries ?? defaultJournalEntries)
  const replies = Replies.make(scenario?.replies ?? [])
  const faultRules = FaultRules.make()
  for (const { fault, ...strike } of scenario?.faults ?? []) faultRules.add(fault, strike)
  const engine = Engine.make({
    seed: options.seed ?? scenario?.seed ?? 1,
    timeScale: options.timeScale ?? scenario?.timeScale ?? 1,
    latency: options.latency ?? Scenario.latencyOf(scenario?.latency) ?? Latency.none,
    clock: options.clock ?? Clock.real,
    apiVersion: options.apiVersion,
    batches: { ...defaultBatches, ...options.batches },
    rateLimiter: Limits.make(options.limits ?? scenario?.limits),
    cache: Cache.make(),
    takeReply: replies.take,
    journal,
    faultRules
  })
  let source = engine
  // One function for good, so that a client made before `record` or `replay` meets them too.
  const fetch: typeof globalThis.fetch = (input, init) => source(input, init)
  return {
    fetch,
    when: (matcher) => ({ reply: (reply) => replies.add(matcher, reply) }),
    fault: (fault, strike = {}) => faultRules.add(fault, strike),
    serve: async (chosen) => {
      const { serve } = await import("./Server.ts")
      return serve(fetch, chosen)
    },
    record: (file, chosen) => {
      source = record(file, chosen).fetch
    },
    replay: async (file, chosen) => {
      source = (await replay(file, chosen)).fetch
    },
    journal: {
      get entries() {
        return journal.entries
      },
      get attempts() {
        return journal.attempts
      },
      get inFlight() {
        return journal.inFlight
      },
      get peakInFlight() {
        return journal.peakInFlight
      },
      log: () => Verdict.log(journal.entries),
      verdict: () => Verdict.judge(journal),
      clear: journal.clear
    }
  }
}

/** The offline Claude: its options, and the object with which a test controls and inspects it. */
import * as BatchTimes from "./endpoints/BatchTimes.ts"
import * as Cache from "./endpoints/Cache.ts"
import * as Clock from "./time/Clock.ts"
import * as Conversations from "./endpoints/Conversations.ts"
import * as Engine from "./Engine.ts"
import * as Contradictions from "./answers/Contradictions.ts"
import type { Fault } from "./faults/Fault.ts"
import * as FaultRules from "./faults/FaultRules.ts"
import * as Journal from "./journal/Journal.ts"
import * as Latency from "./time/Latency.ts"
import * as Ledger from "./journal/Ledger.ts"
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

/** Options of a mock; they take precedence over its scenario. */
export interface Options {
  /** Seeds all random values; 1 unless given. */
  readonly seed?: number
  /** The latency of replies; none by default. */
  readonly latency?: Latency.Latency
  /**
   * Multiplies the simulated times of the mock: with 1/20, 20 simulated seconds take 1 second. Rate limits, the `retry-after` of
   * errors and the lifetime of cache entries are not scaled, as the client counts them on its own clock; those of batches are.
   */
  readonly timeScale?: number
  /** Rate limits to enforce; none by default. */
  readonly limits?: Limits.Limits
  readonly scenario?: Scenario.Scenario
  /**
   * Replies in this version of the API, whatever version the client requests. Retired models are then accepted, and the
   * `anthropic-beta` header is not checked, so that recordings of older clients can be served.
   */
  readonly apiVersion?: ApiVersion
  /** How long the steps of a batch take; requests are done within a simulated minute by default. */
  readonly batches?: Partial<BatchTimes.BatchTimes>
  /** What a request gets for which no reply was registered: "simulate" (the default), or "error", a 400 that names it. */
  readonly unmatched?: "simulate" | "error"
  /** The source of time; the machine's clock by default. */
  readonly clock?: Clock.Clock
  /** How many of the last attempts the journal keeps, and the ledger of the last bills; 10,000 by default. */
  readonly journalEntries?: number
}

/** The requests that the mock received. */
export interface JournalView {
  readonly entries: ReadonlyArray<Journal.Entry>
  readonly attempts: number
  readonly inFlight: number
  readonly peakInFlight: number
  /** One line an attempt, sorted, without measured times: equal for equal seeds and requests. */
  readonly log: () => ReadonlyArray<string>
  /** Finds mistakes of the client. Call it after the client has ended, as open requests are reported. */
  readonly verdict: () => Verdict.Verdict
  /** What the API would bill for all that was made by now. */
  readonly ledger: () => Ledger.Statement
  readonly clear: () => void
}

/** An offline Claude. */
export interface MockClaude {
  /** A `fetch` for the SDK: `new Anthropic({ fetch: claude.fetch })`. */
  readonly fetch: typeof globalThis.fetch
  /** Registers a reply for the requests that match. Earlier replies precede later ones, and all precede the scenario. */
  readonly when: (matcher: Matcher) => { readonly reply: (reply: Reply) => Replies.RegisteredReply }
  /** Registers a fault, for all requests if there are no conditions. Earlier ones precede it, those of the scenario first. */
  readonly fault: (fault: Fault, conditions?: FaultRules.Conditions) => void
  /** Starts an HTTP server on 127.0.0.1, or on `host`. Its paths below `/__mock/` register replies and faults (see Control.ts). */
  readonly serve: (options?: ServeOptions) => Promise<Server>
  /** Forwards all further requests to `upstream` (the API by default), and appends each exchange to `file`. */
  readonly record: (file: string, options?: { readonly upstream?: string }) => void
  /** Answers all further requests from a tape, `speed` times as fast as recorded; a request that is not on it gets a 400. */
  readonly replay: (file: string, options?: { readonly speed?: number }) => Promise<void>
  /**
   * Goes back to the start of the scenario, whose replies and faults are counted anew: forgets registered ones, the journal, and the
   * state of caches, limits, batches and threads; ends a tape.
   */
  readonly reset: () => void
  readonly journal: JournalView
}

const defaultJournalEntries = 10_000

/** What a reset replaces: the registered replies and faults, and the engine with its caches, limits and threads. */
const makeState = (options: Options, journal: Journal.Journal) => {
  const { scenario } = options
  const replies = Replies.make(scenario?.replies ?? [])
  const faultRules = FaultRules.make()
  const timeScale = options.timeScale ?? scenario?.timeScale ?? 1
  const ledger = Ledger.make(options.journalEntries ?? defaultJournalEntries)
  for (const { fault, ...conditions } of scenario?.faults ?? []) faultRules.add(fault, conditions)
  const engine = Engine.make({
    seed: options.seed ?? scenario?.seed ?? 1,
    timeScale,
    latency: options.latency ?? Scenario.latencyOf(scenario?.latency) ?? Latency.none,
    clock: options.clock ?? Clock.real,
    apiVersion: options.apiVersion,
    batches: { ...BatchTimes.defaults, ...scenario?.batches, ...options.batches },
    rateLimiter: Limits.make(options.limits ?? scenario?.limits),
    cache: Cache.make(),
    batchCache: Cache.make(timeScale),
    ledger,
    conversations: Conversations.make(),
    files: new Set(scenario?.files),
    unmatched: options.unmatched ?? scenario?.unmatched ?? "simulate",
    takeReply: (prompt) =>
      replies.take(prompt) ??
      (prompt.part === "comparison" ? Contradictions.reply(scenario?.contradictions ?? [], prompt) : undefined),
    journal,
    faultRules
  })
  return { replies, faultRules, engine, ledger }
}

/** Makes an offline Claude. It opens no socket and starts no timer before the first request. */
export const make = (options: Options = {}): MockClaude => {
  const journal = Journal.make(options.journalEntries ?? defaultJournalEntries)
  let state = makeState(options, journal)
  let current = state.engine.fetch
  // The same function for the life of the mock, so that `record`, `replay` and `reset` also affect existing clients.
  const fetch: typeof globalThis.fetch = (input, init) => current(input, init)
  /** Gives the engine; undefined while a tape replaces it. */
  const engineOrTape = (): Engine.Engine | undefined => (current === state.engine.fetch ? state.engine : undefined)
  const claude: MockClaude = {
    fetch,
    when: (matcher) => ({ reply: (reply) => state.replies.add(matcher, reply) }),
    fault: (fault, conditions = {}) => state.faultRules.add(fault, conditions),
    serve: async (options) => {
      const [{ serve }, Control] = await Promise.all([import("./Server.ts"), import("./Control.ts")])
      return serve(Control.around(fetch, claude), options, engineOrTape)
    },
    record: (file, options) => {
      current = record(file, { upstream: "https://api.anthropic.com", ...options }).fetch
    },
    replay: async (file, options) => {
      current = (await replay(file, options)).fetch
    },
    reset: () => {
      state = makeState(options, journal)
      current = state.engine.fetch
      journal.clear()
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
      ledger: () => {
        state.engine.settle()
        return state.ledger.statement()
      },
      clear: () => {
        journal.clear()
        state.ledger.clear()
      }
    }
  }
  return claude
}

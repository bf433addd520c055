/** The core of the mock: decides what the Claude API would reply. `fetch` and the HTTP server send that. */
import * as Batches from "./endpoints/Batches.ts"
import * as Betas from "./rules/Betas.ts"
import * as Router from "./endpoints/Router.ts"
import * as SeededRandom from "./time/SeededRandom.ts"
import type { Exchange, Rules } from "./endpoints/Exchange.ts"
import * as ApplyFault from "./faults/ApplyFault.ts"
import * as Headers from "./wire/Headers.ts"
import * as Incoming from "./wire/Incoming.ts"
import type * as Journal from "./journal/Journal.ts"
import * as Latency from "./time/Latency.ts"
import { NetworkFailure } from "./wire/NetworkFailure.ts"
import * as Operation from "./wire/Operation.ts"
import * as Outgoing from "./wire/Outgoing.ts"
import * as Prompt from "./answers/Prompt.ts"

/** The settings and the state of an engine. */
export interface Settings extends Rules {
  readonly latency: Latency.Latency
  readonly journal: Journal.Journal
}

/** An attempt whose reply is decided. The transport sends it, and reports what becomes of it, for the journal. */
export interface Attempted {
  readonly outgoing: Outgoing.Outgoing | NetworkFailure
  /** Status and headers are sent. */
  readonly onHeaders: () => void
  /** The client reads the body. */
  readonly onRead: () => void
  /** The connection or the body has ended; only the first call counts. */
  readonly onEnd: (end: Outgoing.BodyEnd | "failed") => void
}

/** Decides replies, and serves them as a `fetch`. */
export interface Engine {
  readonly clock: Settings["clock"]
  /** `arrivedAt` is the clock's time of the arrival, by default the time of the call. */
  readonly attempt: (incoming: Incoming.Incoming, arrivedAt?: number) => Attempted
  readonly fetch: typeof globalThis.fetch
  /** Processes the requests of batches that are done by now, which otherwise waits for the next request about batches. */
  readonly settle: () => void
}

/** An exception of a test's own function becomes a 400 that must not be retried: clients would retry a server error. */
const internalError = (error: unknown, atMillis: number): Attempted => {
  const message = `the mock failed: ${String(error)}`
  const body = { type: "error", error: { type: "invalid_request_error", message }, request_id: null }
  const outgoing = Outgoing.json(400, { "x-should-retry": "false" }, body, atMillis)
  return { outgoing, onHeaders: () => {}, onRead: () => {}, onEnd: () => {} }
}

/** Makes an engine. Arrivals of equal requests are numbered, and differ in their random values. */
export const make = (settings: Settings): Engine => {
  const { journal, clock, faultRules, seed, timeScale } = settings
  const batches = Batches.make(settings)
  const route = Router.make(settings, batches)
  const createdAt = clock.now()
  const arrivals = new Map<number, number>()
  const sinceCreation = (): number => clock.now() - createdAt

  const openExchange = (incoming: Incoming.Incoming, startedAt: number): Exchange => {
    const bodyHash = SeededRandom.hash(`${incoming.method} ${incoming.url.pathname} ${incoming.text}`, 0)
    const attempt = (arrivals.get(bodyHash) ?? 0) + 1
    arrivals.set(bodyHash, attempt)
    const random = SeededRandom.make(seed, bodyHash, attempt)
    const requestId = `req_01${random.letters("request id", 22)}`
    const resumed = settings.conversations.resume(incoming.json ?? {}, startedAt)
    const prompt = Prompt.read(resumed.body)
    const entry = journal.open({
      requestId,
      key: bodyHash.toString(36),
      attempt,
      method: incoming.method,
      path: incoming.url.pathname,
      model: prompt.model === "" ? null : prompt.model,
      streamed: incoming.json?.["stream"] === true,
      startedMillis: startedAt - createdAt
    })
    const times = (outputTokens: number): Latency.Times =>
      Latency.times(settings.latency, {
        model: prompt.model,
        user: prompt.instruction,
        inputTokens: entry.inputTokens,
        outputTokens,
        random
      })
    const at = (millis: number): number => {
      entry.plannedMillis = Math.max(entry.plannedMillis, millis)
      return startedAt + millis * timeScale
    }
    const headersAfter = (millis: number): Headers.HeaderList =>
      Headers.common(requestId, random.hexadecimal("trace", 48), at(millis), millis)
    return {
      incoming,
      operation: Operation.find(incoming.method, incoming.url.pathname)?.operation,
      prompt,
      random,
      attempt,
      requestId,
      threadError: resumed.error,
      entry,
      startedAt,
      // With a `timeScale` of 0, `betweenSeconds` of faults counts seconds of the clock.
      sinceMillis: (startedAt - createdAt) / (timeScale === 0 ? 1 : timeScale),
      version:
        settings.apiVersion ??
        (incoming.headers.get("anthropic-version") === "2023-06-01" ? "2023-06-01" : "2026-10-21"),
      betas: settings.apiVersion === undefined ? Betas.namesOf(incoming.headers.get("anthropic-beta")) : undefined,
      times,
      at,
      headersAfter,
      reject: (error, headers = {}) => {
        entry.errorType = error.type
        // A rejected request does not reach the model: it takes about the time of the network.
        const millis = times(0).firstTokenMillis * 0.2
        return Outgoing.error(error, requestId, { ...headersAfter(millis), ...headers }, at(millis))
      }
    }
  }

  const respond = (exchange: Exchange): Outgoing.Outgoing | NetworkFailure => {
    const fault = faultRules.pick(exchange)
    if (fault === undefined) return route(exchange)
    exchange.entry.fault = fault.kind === "status" ? `${fault.status} ${fault.type}` : fault.kind
    const outgoing = ApplyFault.replacement(fault, exchange)
    if (outgoing !== undefined) return outgoing
    const startedAt = fault.kind === "lost" ? exchange.at(fault.millis ?? 0) : exchange.startedAt
    return ApplyFault.toReply(fault, exchange, route({ ...exchange, startedAt }))
  }

  const attempt = (incoming: Incoming.Incoming, arrivedAt = clock.now()): Attempted => {
    const exchange = openExchange(incoming, arrivedAt)
    const { entry } = exchange
    try {
      const outgoing = respond(exchange)
      return {
        outgoing,
        onHeaders: () => {
          if (outgoing instanceof NetworkFailure) return
          const retry = outgoing.headers["x-should-retry"]
          const retryAfter = outgoing.headers["retry-after"]
          entry.status = outgoing.status
          entry.headersMillis = sinceCreation()
          entry.outcome = "reading"
          entry.shouldRetry = retry === undefined ? null : retry === "true"
          entry.retryAfterSeconds = retryAfter === undefined ? null : Number(retryAfter)
        },
        onRead: () => {
          entry.bodyRead = true
        },
        onEnd: (end) => {
          const isError = !(outgoing instanceof NetworkFailure) && outgoing.status >= 400
          journal.end(entry, end === "cancelled" && isError ? "discarded" : end, sinceCreation())
        }
      }
    } catch (error) {
      journal.end(entry, "failed", sinceCreation())
      return internalError(error, exchange.startedAt)
    }
  }

  /** Sends what was decided. */
  const respondTo = async (
    { onEnd, onHeaders, onRead, outgoing }: Attempted,
    signal: AbortSignal | undefined
  ): Promise<Response> => {
    try {
      const isFailure = outgoing instanceof NetworkFailure
      const wait = (isFailure ? outgoing.atMillis : outgoing.headersAtMillis) - clock.now()
      if (wait > 0 || signal?.aborted === true) await clock.sleep(wait, signal)
      if (isFailure) throw outgoing
      onHeaders()
      const body = Outgoing.body(outgoing, { clock, signal, onRead, onEnd })
      return new Response(body, { status: outgoing.status, headers: Headers.withTransferEncoding(outgoing.headers) })
    } catch (error) {
      onEnd(signal?.aborted === true ? "aborted" : "failed")
      throw error
    }
  }

  // Not `async`: the text of a request, which may have megabytes, is not held while its reply is waited for.
  const fetch: typeof globalThis.fetch = (input, init) => {
    const known = Incoming.readKnown(input, init)
    if (known !== undefined) return respondTo(attempt(known), known.signal)
    return Incoming.read(input, init)
      .then((incoming) => [attempt(incoming), incoming.signal] as const)
      .then(([attempted, signal]) => respondTo(attempted, signal))
  }

  return { clock, attempt, fetch, settle: batches.settle }
}

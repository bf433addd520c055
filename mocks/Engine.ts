/** The mock itself: a `fetch` that answers as the Claude API does. Transports only carry what it gives. */
import * as ApiError from "./ApiError.ts"
import type { Clock } from "./Clock.ts"
import * as Draw from "./Draw.ts"
import type * as Exchange from "./Exchange.ts"
import * as Headers from "./Headers.ts"
import * as Incoming from "./Incoming.ts"
import * as Journal from "./Journal.ts"
import * as Latency from "./Latency.ts"
import * as Messages from "./Messages.ts"
import * as Outgoing from "./Outgoing.ts"
import * as Prompt from "./Prompt.ts"

/** Everything an engine is made of. */
export interface Settings extends Exchange.Rules {
  readonly seed: number
  readonly timeScale: number
  readonly latency: Latency.Latency
  readonly clock: Clock
  readonly book: Journal.Book
}

const versionOf = (settings: Settings, incoming: Incoming.Incoming): Exchange.Exchange["version"] =>
  settings.apiVersion ?? (incoming.headers.get("anthropic-version") === "2023-06-01" ? "2023-06-01" : "2026-10-21")

const route = (settings: Settings, exchange: Exchange.Exchange): Outgoing.Outgoing => {
  const { incoming } = exchange
  const path = incoming.url.pathname
  if (path === "/v1/messages" && incoming.method === "POST") return Messages.answer(settings, exchange)
  return exchange.refuse(ApiError.notFound("Not found"))
}

/** Makes the `fetch` of an engine. Repeated identical requests are told apart by how often they came. */
export const make = (settings: Settings): typeof globalThis.fetch => {
  const { book, clock, seed, timeScale } = settings
  const madeAt = clock.now()
  const arrivals = new Map<number, number>()
  const since = (): number => clock.now() - madeAt

  return async (input, init) => {
    const incoming = await Incoming.read(input, init)
    const startedAt = clock.now()
    const bodyHash = Draw.hash(`${incoming.method} ${incoming.url.pathname} ${incoming.text}`, 0)
    const attempt = (arrivals.get(bodyHash) ?? 0) + 1
    arrivals.set(bodyHash, attempt)
    const draw = Draw.make(seed, bodyHash, attempt)
    const requestId = `req_01${draw.letters("request id", 22)}`
    const prompt = Prompt.read(incoming.json ?? {})
    const entry = book.open({
      requestId,
      key: bodyHash.toString(36),
      attempt,
      method: incoming.method,
      path: incoming.url.pathname,
      model: prompt.model === "" ? null : prompt.model,
      streamed: incoming.json?.["stream"] === true,
      fault: null,
      status: null,
      errorType: null,
      shouldRetry: null,
      retryAfterSeconds: null,
      plannedMillis: 0,
      startedMillis: startedAt - madeAt,
      stopReason: null,
      inputTokens: 0,
      outputTokens: 0
    })
    const times = (outputTokens: number): Latency.Times =>
      Latency.times(settings.latency, { model: prompt.model, inputTokens: entry.inputTokens, outputTokens, draw })
    const at = (millis: number): number => {
      entry.plannedMillis = Math.max(entry.plannedMillis, millis)
      return startedAt + millis * timeScale
    }
    const headersAfter = (millis: number): Headers.HeaderList => Headers.common(requestId, at(millis), millis)
    const exchange: Exchange.Exchange = {
      incoming,
      prompt,
      draw,
      attempt,
      requestId,
      entry,
      startedAt,
      sinceMillis: (startedAt - madeAt) / timeScale,
      version: versionOf(settings, incoming),
      times,
      at,
      headersAfter,
      refuse: (problem, extra = {}) => {
        entry.errorType = problem.type
        // A refusal never reaches the model: it costs about the network.
        const millis = times(0).firstTokenMillis * 0.2
        return Outgoing.error(problem, requestId, { ...headersAfter(millis), ...extra }, at(millis))
      }
    }
    try {
      const outgoing = route(settings, exchange)
      await clock.sleep(Math.max(0, outgoing.headersAtMillis - clock.now()), incoming.signal)
      entry.status = outgoing.status
      entry.headersMillis = since()
      entry.outcome = "reading"
      const retry = outgoing.headers["x-should-retry"]
      entry.shouldRetry = retry === undefined ? null : retry === "true"
      const retryAfter = outgoing.headers["retry-after"]
      entry.retryAfterSeconds = retryAfter === undefined ? null : Number(retryAfter)
      return new Response(
        Outgoing.body(outgoing, {
          clock,
          signal: incoming.signal,
          onRead: () => {
            entry.bodyRead = true
          },
          onEnd: (end) => book.end(entry, end, since())
        }),
        { status: outgoing.status, headers: outgoing.headers }
      )
    } catch (error) {
      book.end(entry, incoming.signal?.aborted === true ? "aborted" : "failed", since())
      throw error
    }
  }
}

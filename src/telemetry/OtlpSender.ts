/** Sends exports by HTTP over the transport of requests to Claude, again where a fault may pass, and tells of a loss once. */
import { Clock, Effect, type Latch, Redacted } from "effect"
import { retryAfterMillis } from "../claude/RateLimitHeaders.ts"
import type { Signal } from "./OtlpSettings.ts"

/** How long one request may take where no variable says so. */
const requestMillis = 10_000

/** How often the same is sent again, and after how long where `retry-after` does not say. As exporters of OpenTelemetry do. */
const retries = 3
const retryMillis = 1000

/** Statuses that may pass. */
const passing = new Set([408, 429, 500, 502, 503, 504])

/** Nothing is sent for so long after a loss. */
const pauseMillis = 60_000

/** Why an export was not taken. */
interface Failure {
  readonly problem: string
  readonly mayPass: boolean
  readonly afterMillis?: number | undefined
}

export interface Options {
  readonly signal: Signal
  readonly contentType: string
  /** Open once the end has begun: nothing more is tried again. */
  readonly closing: Latch.Latch
  /** Run for each loss. */
  readonly report: (problem: string) => Effect.Effect<void>
}

/** Sends one body; ends once it is taken or lost. */
export type Send = (body: ReadonlyArray<Uint8Array>) => Effect.Effect<void>

export const make = ({ closing, contentType, report, signal }: Options): Send => {
  const { compression, timeoutMillis = requestMillis, url } = signal
  const place = placeOf(url)
  const given = Redacted.value(signal.headers)
  const agents = [
    ...Object.entries(given).flatMap(([name, value]) => (/^user-agent$/i.test(name) ? [value] : [])),
    agent
  ]
  const headers = new Headers({
    ...given,
    "user-agent": agents.join(" "),
    "content-type": contentType,
    ...(compression === "gzip" && { "content-encoding": "gzip" })
  })
  const attempt = (body: ReadonlyArray<Uint8Array>): Effect.Effect<Failure | undefined> => {
    const posted = Effect.tryPromise({
      try: (signal) => post(url, headers, body, signal),
      catch: (error): Failure => ({ problem: `${place} cannot be reached: ${whyOf(error)}`, mayPass: true })
    })
    return posted.pipe(
      // A connection that was kept may be closed by the receiver at that moment: another one is tried at once.
      Effect.catch(() => posted),
      Effect.timeoutOrElse({
        duration: timeoutMillis,
        orElse: () => Effect.fail({ problem: `${place} has not answered in ${timeoutMillis} ms`, mayPass: true })
      }),
      Effect.flatMap(({ afterMillis, rejected, status }) => {
        if (rejected > 0) return Effect.as(report(`${place} has rejected ${rejected} of what it was sent`), undefined)
        if (status < 300) return Effect.succeed(undefined)
        const mayPass = passing.has(status)
        return Effect.succeed({ problem: `${place} answered with status ${status}`, mayPass, afterMillis })
      }),
      Effect.catch(Effect.succeed)
    )
  }
  let pausedUntil = 0
  return Effect.fnUntraced(function* (parts) {
    const clock = yield* Clock.Clock
    if (clock.currentTimeMillisUnsafe() < pausedUntil) return
    const body = compression === "gzip" ? [yield* Effect.promise(() => compressed(parts))] : parts
    for (let tries = 0; ; tries++) {
      const failure = yield* attempt(body)
      if (failure === undefined) return
      const { afterMillis = retryMillis, mayPass, problem } = failure
      if (tries === retries || !mayPass || closing.isOpen()) {
        pausedUntil = clock.currentTimeMillisUnsafe() + pauseMillis
        return yield* report(problem)
      }
      yield* Effect.timeoutOption(closing.await, afterMillis)
    }
  })
}

/** As the specification of exporters asks for. */
const agent = "OTel-OTLP-Exporter-JavaScript/fanfold"

/** Loaded with the first export. */
let transport: Promise<typeof import("../transport/Transport.ts")> | undefined

const post = (url: string, headers: Headers, body: ReadonlyArray<Uint8Array>, signal: AbortSignal) =>
  (transport ??= import("../transport/Transport.ts"))
    .then(({ fetchOver }) => fetchOver("http1", url, { method: "POST", headers, body, signal }))
    .then((response) =>
      response.text().then((text) => ({
        status: response.status,
        afterMillis: retryAfterMillis(Object.fromEntries(response.headers)),
        // What `partialSuccess` of the answer says, in JSON.
        rejected: Number(/"rejected\w+":"?(\d+)/.exec(text)?.[1] ?? 0)
      }))
    )

const compressed = (parts: ReadonlyArray<Uint8Array>): Promise<Uint8Array> => {
  const { gzip } = process.getBuiltinModule("node:zlib")
  return new Promise((resolve, reject) => {
    gzip(Buffer.concat(parts), (error, bytes) => (error === null ? resolve(bytes) : reject(error)))
  })
}

/** Without its query and credentials, which may be secret. */
export const placeOf = (url: string): string =>
  URL.canParse(url) ? `${new URL(url).origin}${new URL(url).pathname}` : url

/** The code of the innermost cause, such as `ECONNREFUSED`, or what it says. */
const whyOf = (error: unknown): string => {
  let cause: unknown = error
  const seen = new Set<unknown>()
  for (;;) {
    const { cause: inner, code } = cause as { readonly [key in "cause" | "code"]?: unknown }
    if (typeof code === "string") return code
    if (typeof inner !== "object" || inner === null || seen.has(inner)) break
    seen.add(inner)
    cause = inner
  }
  return cause instanceof Error ? cause.message : String(cause)
}

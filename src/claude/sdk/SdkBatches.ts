/** `Batches` over `@anthropic-ai/sdk`. Loaded when the first batch is made. */
import { Duration, Effect, Predicate, Stream } from "effect"
import { AskError, Stalled, TimedOut } from "../AskError.ts"
import type { Batch, Batches } from "../BatchApi.ts"
import type { Options } from "../Connection.ts"
import { bodyOf } from "../RequestBody.ts"
import { accountOf } from "./Account.ts"
import { batchOf, resultOf } from "./BatchJson.ts"
import { jsonOf } from "./Json.ts"
import { notJson } from "./JsonReply.ts"
import { clientOf } from "./MessagesClient.ts"
import { askErrorOf } from "./SdkError.ts"

/** Time for a batch to be uploaded, of up to 256 MB, and created. */
const createLimit = Duration.minutes(10)

/** Time for each of the other calls. */
const callLimit = Duration.seconds(60)

/** Longest silence while results are read. */
const stallMillis = 90_000

/** Batches of a page when they are listed, the most that the API gives. */
const pageSize = 100

const stalled = new AskError({ reason: new Stalled({ silentMillis: stallMillis, phase: "stream" }) })

const timedOut = (limit: Duration.Duration) =>
  new AskError({ reason: new TimedOut({ limitMillis: Duration.toMillis(limit), scope: "attempt" }) })

/** Whether a cancellation was rejected: a server error that may pass says nothing of the batch. */
const isOfEnded = ({ isRetryable, reason }: AskError): boolean =>
  reason._tag === "InvalidRequest" || (reason._tag === "ServerError" && !isRetryable)

/** What `asResponse` of the SDK's calls gives. */
type Call = { readonly asResponse: () => Promise<Response> }

export const batches = (options: Options): Batches => {
  const { cutter, key, problem, toError } = accountOf(options)
  const client = clientOf(options, key)
  const api = client.messages.batches

  const responseTo = (call: (signal: AbortSignal) => Call): Effect.Effect<Response, AskError> =>
    problem === undefined
      ? Effect.tryPromise({
          try: (signal) => call(signal).asResponse(),
          catch: (thrown) => toError(askErrorOf(thrown, false))
        })
      : Effect.fail(problem)

  /** The response and its JSON. */
  const called = (call: (signal: AbortSignal) => Call, limit: Duration.Duration) =>
    responseTo(call).pipe(
      Effect.flatMap((response) =>
        Effect.map(
          Effect.tryPromise({ try: () => response.text(), catch: (thrown) => toError(askErrorOf(thrown, true)) }),
          (text) => ({ response, text, json: jsonOf(text) })
        )
      ),
      Effect.timeoutOrElse({ duration: limit, orElse: () => Effect.fail(timedOut(limit)) })
    )

  const batchFrom = (call: (signal: AbortSignal) => Call, limit = callLimit): Effect.Effect<Batch, AskError> =>
    Effect.flatMap(called(call, limit), ({ json, response, text }) => {
      const batch = batchOf(json, response.headers)
      return batch === undefined ? Effect.fail(toError(notJson(response, text))) : Effect.succeed(batch)
    })

  const retrieve = (id: string) => batchFrom((signal) => api.retrieve(id, {}, { signal }))

  /** A page, the newest first; `after`: the last batch of the page before. */
  const page = (after: string | undefined) =>
    Effect.flatMap(
      called(
        (signal) => api.list({ limit: pageSize, ...(after !== undefined && { after_id: after }) }, { signal }),
        callLimit
      ),
      ({ json, response, text }) => {
        const { data, has_more: hasMore } = Predicate.isObject(json) ? json : {}
        if (!Array.isArray(data)) return Effect.fail(toError(notJson(response, text)))
        const found = data.flatMap((each: unknown) => batchOf(each, response.headers) ?? [])
        return Effect.succeed({ found, hasMore: hasMore === true && found.length > 0 })
      }
    )

  return {
    create: (requests) =>
      batchFrom(
        (signal) =>
          api.create(
            {
              requests: requests.map(({ id, isCachedFor1h, request }) => ({
                custom_id: id,
                params: bodyOf(request, isCachedFor1h === true ? "1h" : undefined)
              }))
            },
            { signal }
          ),
        createLimit
      ),
    list: Effect.fnUntraced(function* (since) {
      const all: Array<Batch> = []
      let after: string | undefined
      for (;;) {
        const { found, hasMore } = yield* page(after)
        const recent = found.filter(({ createdAt }) => createdAt >= since)
        all.push(...recent)
        after = found.at(-1)?.id
        if (!hasMore || recent.length < found.length) return all
      }
    }),
    retrieve,
    cancel: (id) =>
      Effect.catch(
        batchFrom((signal) => api.cancel(id, {}, { signal })),
        // One that has ended cannot be canceled.
        (error) => (isOfEnded(error) ? retrieve(id) : Effect.fail(error))
      ),
    results: (id) =>
      // Not the address that the batch names: the key goes to the base URL alone.
      Stream.unwrap(
        Effect.map(
          responseTo((signal) =>
            client.get(`/v1/messages/batches/${encodeURIComponent(id)}/results`, {
              headers: { accept: "application/binary" },
              __binaryResponse: true,
              signal
            })
          ),
          ({ body }) =>
            body === null
              ? Stream.empty
              : Stream.fromReadableStream({
                  evaluate: () => body,
                  onError: (thrown) => toError(askErrorOf(thrown, true))
                })
        )
      ).pipe(
        Stream.timeoutOrElse({
          duration: stallMillis,
          orElse: () => Stream.fail(stalled)
        }),
        Stream.decodeText(),
        Stream.splitLines,
        Stream.flatMap((line) => {
          const result = resultOf(jsonOf(line), cutter)
          return result === undefined ? Stream.empty : Stream.succeed(result)
        })
      )
  }
}

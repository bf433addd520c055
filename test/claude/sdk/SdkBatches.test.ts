/** Message Batches over the SDK, against the mock and against answers of servers that fail. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Stream } from "effect"
import { Batches, Claude, type Message, Price } from "fanfold"
import { mockClaude } from "fanfold/mocks"
import { key } from "../../cli/Process.ts"
import { request } from "../../FakeClaude.ts"

type Fetch = typeof globalThis.fetch

const over = (fetch: Fetch) => Batches.make({ apiKey: Redacted.make(key), fetch })

/** A `fetch` that keeps the bodies of its requests, and answers with the mock, or with these first. */
const watched = (mock: Fetch, ...first: ReadonlyArray<() => Response | Promise<Response>>) => {
  const calls: Array<{
    readonly method: string
    readonly path: string
    readonly body: any
    readonly headers: Headers
  }> = []
  const fetch: Fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input)
    const body = typeof init?.body === "string" ? (JSON.parse(init.body) as unknown) : undefined
    calls.push({
      method: init?.method ?? "GET",
      path: url.pathname + url.search,
      body,
      headers: new Headers(init?.headers)
    })
    const special = first[calls.length - 1]
    return special === undefined ? mock(input, init) : special()
  }
  return { calls, fetch }
}

const error =
  (status: number, type: string, headers: Record<string, string> = {}) =>
  () =>
    new Response(JSON.stringify({ type: "error", error: { type, message: `it is ${type}` } }), {
      status,
      headers: { "content-type": "application/json", ...headers }
    })

const priceOf = (usage: Message.Usage) => Price.usdOf("claude-haiku-5-5", usage)!

const instant = { processingMillis: 0 }
const two = [
  { id: "a-0", request: request("a?", { context: "A document.", effort: "low", system: "Be brief." }) },
  { id: "b-0", request: request("b?") }
]

describe("a batch over the SDK", () => {
  it.effect("has the very params of live requests, without stream, and is reported as it stands", () =>
    Effect.gen(function* () {
      const mock = mockClaude({ batches: { processingMillis: 60_000 } })
      const { calls, fetch } = watched(mock.fetch)
      const batches = yield* over(fetch)
      const made = yield* batches.create(two)
      assert.match(made.id, /^msgbatch_/)
      assert.deepStrictEqual(
        [made.isEnded, made.isCanceling, made.counts.processing, made.retryAfterMillis],
        [false, false, 2, 10_000]
      )
      assert.strictEqual(made.expiresAt - made.createdAt, 24 * 60 * 60_000)
      const claude = yield* Claude.make({ apiKey: Redacted.make(key), fetch })
      yield* claude.send(two[0]!.request)
      const [created, live] = calls
      assert.strictEqual(created!.path, "/v1/messages/batches")
      assert.deepStrictEqual(created!.body.requests[0], { custom_id: "a-0", params: live!.body })
      assert.strictEqual(
        created!.headers.get("authorization") ?? created!.headers.get("x-api-key"),
        live!.headers.get("authorization") ?? live!.headers.get("x-api-key")
      )
    })
  )

  it.effect("keeps a shared document for an hour where that is asked for", () =>
    Effect.gen(function* () {
      const { calls, fetch } = watched(mockClaude().fetch)
      yield* Effect.flatMap(over(fetch), (batches) => batches.create([{ ...two[0]!, isCachedFor1h: true }]))
      assert.deepStrictEqual(calls[0]!.body.requests[0].params.system[0].cache_control, {
        type: "ephemeral",
        ttl: "1h"
      })
    })
  )

  it.effect("gives its results by id, at half the price, each failure with its reason", () =>
    Effect.gen(function* () {
      const batches = yield* over(mockClaude({ batches: instant }).fetch)
      const wrong = { id: "c-0", request: request("c?", { model: "claude-nothing-9" }) }
      const { id } = yield* batches.create([...two, wrong])
      const ended = yield* batches.retrieve(id)
      assert.deepStrictEqual(
        [ended.isEnded, ended.counts],
        [true, { processing: 0, succeeded: 2, errored: 1, canceled: 0, expired: 0 }]
      )
      const results = new Map(
        (yield* Stream.runCollect(batches.results(id))).map(({ id, outcome }) => [id, outcome] as const)
      )
      const [b, c] = [results.get("b-0"), results.get("c-0")]
      assert(b?._tag === "Succeeded" && c?._tag === "Errored")
      const { batch: _half, ...live }: Message.Usage = b.reply.usage
      assert.isAbove(live.outputTokens, 0)
      assert.approximately(priceOf(b.reply.usage), priceOf(live) / 2, 1e-15)
      assert.strictEqual(c.error.reason._tag, "NotFound")
      assert.isFalse(c.error.isRetryable)
    })
  )

  it.effect("is listed with those that were made since a time, the newest first, over as many pages as it takes", () =>
    Effect.gen(function* () {
      const batches = yield* over(mockClaude().fetch)
      const ids: Array<string> = []
      for (let n = 0; n < 120; n++) ids.unshift((yield* batches.create([two[1]!])).id)
      const listed = yield* batches.list(0)
      assert.deepStrictEqual(
        listed.map(({ id }) => id),
        ids
      )
      assert.deepStrictEqual(yield* batches.list(listed[0]!.createdAt + 1), [])
    })
  )

  it.effect("is canceled; one that has ended is given as it is", () =>
    Effect.gen(function* () {
      const slow = yield* over(mockClaude({ batches: { processingMillis: 60_000 } }).fetch)
      const { id } = yield* slow.create(two)
      assert.isTrue((yield* slow.cancel(id)).isCanceling)
      const quick = yield* over(mockClaude({ batches: instant }).fetch)
      const ended = yield* quick.create(two)
      assert.isTrue((yield* quick.cancel(ended.id)).isEnded)
    })
  )
})

/** A server that repeats the key that it was sent. */
const echo = () =>
  new Response(JSON.stringify({ type: "error", error: { type: "authentication_error", message: `no ${key}` } }), {
    status: 401
  })

describe("a call about batches that fails", () => {
  const created = Effect.fnUntraced(function* (
    mock: Fetch,
    ...first: ReadonlyArray<() => Response | Promise<Response>>
  ) {
    const { id } = yield* Effect.flatMap(over(mock), (batches) => batches.create(two))
    const { calls, fetch } = watched(mock, ...first)
    return { id, calls, batches: yield* over(fetch) }
  })

  it.effect("is made once: its error says whether another try can help, and when", () =>
    Effect.gen(function* () {
      const { batches, calls, id } = yield* created(
        mockClaude({ batches: instant }).fetch,
        error(529, "overloaded_error"),
        () => Promise.reject(new TypeError("fetch failed")),
        error(429, "rate_limit_error", { "retry-after": "90" }),
        error(500, "api_error")
      )
      const failed = [
        yield* Effect.flip(batches.retrieve(id)),
        yield* Effect.flip(batches.list(0)),
        yield* Effect.flip(Stream.runDrain(batches.results(id))),
        // It may have ended, or not: only a rejection says that it has.
        yield* Effect.flip(batches.cancel(id))
      ]
      assert.deepStrictEqual(
        failed.map(({ isRetryable, reason, retryAfterMillis }) => [reason._tag, isRetryable, retryAfterMillis]),
        [
          ["Overloaded", true, undefined],
          ["Unreachable", true, undefined],
          ["RateLimited", true, 90_000],
          ["ServerError", true, undefined]
        ]
      )
      assert.lengthOf(calls, 4)
      const creating = watched(mockClaude().fetch, error(500, "api_error"))
      assert.isTrue((yield* Effect.flip(Effect.flatMap(over(creating.fetch), (api) => api.create(two)))).isRetryable)
      assert.lengthOf(creating.calls, 1)
    })
  )

  it.effect("has an error without the key", () =>
    Effect.gen(function* () {
      const { batches, calls, id } = yield* created(mockClaude().fetch, echo)
      const failed = yield* Effect.flip(batches.retrieve(id))
      assert.strictEqual(failed.reason._tag, "Authentication")
      assert.notInclude(failed.message, key)
      assert.lengthOf(calls, 1)
    })
  )

  it.effect("follows no redirect, nor another address of the results", () =>
    Effect.gen(function* () {
      const { batches, calls, id } = yield* created(
        mockClaude({ batches: instant }).fetch,
        () => new Response(null, { status: 302, headers: { location: "https://elsewhere.example/" } })
      )
      const failed = yield* Effect.flip(batches.retrieve(id))
      assert.include(failed.message, "elsewhere.example")
      yield* Stream.runDrain(batches.results(id))
      assert.deepStrictEqual(
        calls.map(({ path }) => path),
        [`/v1/messages/batches/${id}`, `/v1/messages/batches/${id}/results`]
      )
    })
  )
})

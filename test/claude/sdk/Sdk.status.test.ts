/** What the client makes of an error status, and of the time a 429 names. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { type AskError, Claude } from "fanfold"
import { send } from "../../FakeClaude.ts"
import { apiError, type Handler, json, message, serve } from "../../Loopback.ts"
import { errorFrom, key, injected, modes, sendTo } from "../../RealClient.ts"

type Tag = AskError.Reason["_tag"]

interface Status {
  readonly status: number
  readonly type: string
  readonly tag: Tag
  readonly isRetryable: boolean
  readonly code?: string
  readonly headers?: Record<string, string>
}

const statuses: ReadonlyArray<Status> = [
  { status: 400, type: "invalid_request_error", tag: "InvalidRequest", isRetryable: false },
  { status: 401, type: "authentication_error", tag: "Authentication", isRetryable: false },
  { status: 402, type: "billing_error", tag: "BillingFailed", isRetryable: false },
  { status: 403, type: "permission_error", tag: "PermissionDenied", isRetryable: false },
  { status: 404, type: "not_found_error", tag: "NotFound", isRetryable: false },
  { status: 408, type: "timeout_error", tag: "ServerError", isRetryable: true },
  { status: 409, type: "conflict_error", tag: "ServerError", isRetryable: true },
  { status: 413, type: "request_too_large", tag: "TooLarge", isRetryable: false },
  { status: 418, type: "teapot_error", tag: "InvalidRequest", isRetryable: false },
  { status: 429, type: "rate_limit_error", tag: "RateLimited", isRetryable: true },
  {
    status: 429,
    type: "rate_limit_error",
    code: "enforced_spend_limit_reached",
    tag: "SpendLimitReached",
    isRetryable: false
  },
  {
    status: 429,
    type: "rate_limit_error",
    code: "contract_spend_limit_reached",
    headers: { "x-should-retry": "true" },
    tag: "SpendLimitReached",
    isRetryable: false
  },
  { status: 500, type: "api_error", tag: "ServerError", isRetryable: true },
  { status: 500, type: "api_error", headers: { "x-should-retry": "false" }, tag: "ServerError", isRetryable: false },
  {
    status: 400,
    type: "invalid_request_error",
    headers: { "x-should-retry": "true" },
    tag: "InvalidRequest",
    isRetryable: true
  },
  { status: 503, type: "api_error", tag: "ServerError", isRetryable: true },
  { status: 504, type: "timeout_error", tag: "ServerError", isRetryable: true },
  { status: 529, type: "overloaded_error", tag: "Overloaded", isRetryable: true }
]

const limited: Handler = (response) => void json(response, 429, apiError("rate_limit_error"), { "retry-after": "16" })

describe("a redirect", () => {
  it.live("is not followed with the key, whoever sends the request, and its error says where it leads", () =>
    Effect.gen(function* () {
      const other = yield* serve((response) => void json(response, 200, message("Paris")))
      const { url } = yield* serve(
        (response) => void response.writeHead(307, { location: `${other.url}/v1/messages?token=secret` }).end()
      )
      const own = yield* Effect.flip(sendTo(url, "plain"))
      const given = yield* Effect.flip(
        Effect.provide(
          send(),
          Layer.effect(
            Claude.Claude,
            Claude.make({ apiKey: Redacted.make(key), baseUrl: url, fetch: (...args) => globalThis.fetch(...args) })
          )
        )
      )
      for (const error of [own, given]) {
        assert.include(error.message, `redirects to ${other.url}/v1/messages, which is not followed`)
        assert.notInclude(error.message, "secret")
        assert.isFalse(error.isRetryable)
      }
      assert.lengthOf(other.arrived, 0)
    })
  )
})

describe("an answer with an error status", () => {
  for (const { code, headers, isRetryable, status, tag, type } of statuses) {
    const more = [code, headers && "x-should-retry"].filter((each) => each !== undefined).join(", ")
    it.live(`${status} ${type} ${more} is ${tag}, after one request`, () =>
      Effect.gen(function* () {
        for (const mode of modes) {
          const { arrived, url } = yield* serve(
            (response) => void json(response, status, apiError(type, "what went wrong", code), headers)
          )
          const error = yield* Effect.flip(sendTo(url, mode))
          assert.strictEqual(error.reason._tag, tag)
          assert.strictEqual(error.isRetryable, isRetryable)
          assert.include(error.message, "what went wrong")
          assert.strictEqual(error.requestId, "req_json")
          assert.strictEqual(arrived.length, 1)
        }
      })
    )
  }

  it.live("tells the time a 429 names", () =>
    Effect.gen(function* () {
      const { headers, reason } = yield* errorFrom(limited, "plain")
      assert.deepInclude(reason, { _tag: "RateLimited", retryAfterMillis: 16_000 })
      assert.deepStrictEqual(headers, { "request-id": "req_json", "retry-after": "16" })
    })
  )

  it.live("reads the time of a 429 as a date too, by the clock of whoever sent it", () =>
    Effect.gen(function* () {
      const date = "Sun, 06 Nov 1994 08:49:37 GMT"
      const table: ReadonlyArray<readonly [retryAfter: string, millis: number | undefined]> = [
        ["Sun, 06 Nov 1994 08:49:53 GMT", 16_000],
        ["Sun, 06 Nov 1994 08:00:00 GMT", 0],
        ["-5", 0],
        ["0", 0],
        ["1.5", 1500],
        ["Sunday, 06-Nov-94 08:49:53 GMT", 16_000],
        ["Sun Nov  6 08:49:53 1994", 16_000],
        ["Sun, 06 Nov 1994 08:49:53 +0000", 16_000],
        ["1994-11-06T08:49:53Z", 16_000],
        ["soon, in 5 minutes", undefined],
        ["", undefined]
      ]
      for (const [retryAfter, millis] of table) {
        const respond = () =>
          Response.json(apiError("rate_limit_error"), { status: 429, headers: { "retry-after": retryAfter, date } })
        const { headers, reason } = yield* send().pipe(Effect.provide(injected(respond)), Effect.flip)
        assert(reason._tag === "RateLimited")
        assert.strictEqual(reason.retryAfterMillis, millis, retryAfter)
        assert.strictEqual(headers?.["retry-after"], millis === undefined ? undefined : String(millis / 1000))
      }
    })
  )

  it.live("reads the more exact time in milliseconds, where there is one", () =>
    Effect.gen(function* () {
      const table: ReadonlyArray<readonly [millis: string, after: string | undefined, expected: number | undefined]> = [
        ["1250", "2", 1250],
        ["1250.5", undefined, 1250.5],
        ["0", "60", 0],
        ["-1", undefined, 0],
        ["soon", "2", 2000],
        ["", "2", 2000],
        ["", undefined, undefined]
      ]
      for (const [millis, after, expected] of table) {
        const headers = { "retry-after-ms": millis, ...(after !== undefined && { "retry-after": after }) }
        const respond = () => Response.json(apiError("overloaded_error"), { status: 529, headers })
        const error = yield* send().pipe(Effect.provide(injected(respond)), Effect.flip)
        assert.strictEqual(error.retryAfterMillis, expected, `${millis}, ${after}`)
      }
    })
  )

  it.live("heeds x-should-retry in any case of letters", () =>
    Effect.gen(function* () {
      const { url } = yield* serve(
        (response) => void json(response, 500, apiError("api_error"), { "x-should-retry": "False" })
      )
      assert.isFalse((yield* Effect.flip(sendTo(url, "plain"))).isRetryable)
    })
  )

  it.live("heeds no time that stands on a 200", () =>
    Effect.gen(function* () {
      for (const type of ["rate_limit_error", "overloaded_error"]) {
        const handler: Handler = (response) => {
          const times = { "retry-after": "300", "retry-after-ms": "300000" }
          response.writeHead(200, { "content-type": "text/event-stream", ...times })
          response.end(`event: error\ndata: ${JSON.stringify(apiError(type))}\n\n`)
        }
        const error = yield* errorFrom(handler, "stream")
        assert.isUndefined(error.retryAfterMillis, error.message)
      }
      const whole = injected(() => Response.json(message("yes"), { headers: { "retry-after": "300" } }))
      assert.notProperty((yield* Effect.provide(send(), whole)).headers, "retry-after")
    })
  )

  it.live("reads such a date by its own clock where the response has none", () =>
    Effect.gen(function* () {
      const headers = { "retry-after": new Date(Date.now() + 60_000).toUTCString() }
      const respond = () => Response.json(apiError("rate_limit_error"), { status: 429, headers })
      const { reason } = yield* send().pipe(Effect.provide(injected(respond)), Effect.flip)
      assert(reason._tag === "RateLimited")
      assert.isAtLeast(reason.retryAfterMillis!, 50_000)
      assert.isAtMost(reason.retryAfterMillis!, 60_000)
    })
  )

  it.live("needs neither JSON nor a request id", () =>
    Effect.gen(function* () {
      const page = "<html>413 Request Entity Too Large</html>"
      const error = yield* errorFrom((response) => void response.writeHead(413).end(page), "plain")
      assert.strictEqual(error.reason._tag, "TooLarge")
      assert.include(error.message, "Request Entity Too Large")
      const empty = yield* errorFrom((response) => void response.writeHead(529).end(), "plain")
      assert.strictEqual(empty.reason._tag, "Overloaded")
    })
  )
})

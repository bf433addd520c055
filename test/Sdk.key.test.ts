/** The key is seen by the API and by nobody else. */
import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { AskError } from "fanfold"
import { send } from "./FakeClaude.ts"
import { apiError, begun, event, json, message, serve } from "./Loopback.ts"
import { injected, key, listening, modes, sendTo, streamed } from "./RealClient.ts"

const assertUnseen = (error: AskError.AskError, apiKey = key) => {
  for (const shown of [JSON.stringify(error), error.message, String(error), inspect(error, { depth: 10 })]) {
    for (let at = 0; at + 8 <= apiKey.length; at++) {
      const part = apiKey.slice(at, at + 8)
      if (part !== "sk-ant-a") assert.notInclude(shown, part)
    }
  }
}

describe("the key", () => {
  it.live("travels as a bearer token and nowhere else", () =>
    Effect.gen(function* () {
      const { arrived, url } = yield* serve((response) => void json(response, 200, message("hello")))
      const reply = yield* sendTo(url, "plain", ` ${key}\n`)
      const [{ body, headers }] = arrived as [(typeof arrived)[number]]
      assert.strictEqual(headers.authorization, `Bearer ${key}`)
      const others = Object.entries(headers).filter(([name]) => name !== "authorization")
      assert.notInclude(JSON.stringify([others, body, reply]), key)
    })
  )

  it.live("is cut out of a page that echoes it, wherever the page is cut", () =>
    Effect.gen(function* () {
      for (const mode of modes) {
        for (const padding of [0, 60, 75, 85, 95, 105, 111, 112, 113, 150, 165, 180, 192, 199]) {
          const page = `<p>${"x".repeat(padding)} Bearer ${key} and ${key}</p>`
          for (const status of [200, 400, 502]) {
            const respond = () => new Response(page, { status, headers: { "content-type": "text/html" } })
            assertUnseen(yield* send().pipe(listening(mode), Effect.provide(injected(respond)), Effect.flip))
          }
        }
      }
    })
  )

  it.live("is cut out of errors, headers, ids and partial text that echo it", () =>
    Effect.gen(function* () {
      const echo = { ...apiError("invalid_request_error", `bad token ${key}`, key), request_id: key }
      const headers = { "retry-after": key, "anthropic-ratelimit-requests-limit": key }
      for (const status of [400, 401, 429, 500]) {
        const respond = () => Response.json(echo, { status, headers })
        assertUnseen(yield* send().pipe(listening("plain"), Effect.provide(injected(respond)), Effect.flip))
      }
      const withText = begun.replace("Par", `Bearer ${key}`)
      assertUnseen(yield* Effect.flip(streamed(withText + event("error", echo))))
      assertUnseen(yield* Effect.flip(streamed(`${withText}data: {oops ${key}\n\n${event("error", `oops ${key}`)}`)))
      assertUnseen(yield* Effect.flip(streamed(withText)))
    })
  )

  it.live("is shown by no error when it is malformed, and nothing is sent then", () =>
    Effect.gen(function* () {
      const { arrived, url } = yield* serve((response) => void json(response, 200, message("hello")))
      const malformed = [
        "",
        "  ",
        "sk-ant-\nTHE-KEY-two-lines",
        "sk-ant-THE-KEY-ключ",
        "sk-ant-THE-KEY \u0000 nul",
        "“THE-KEY-quoted”"
      ]
      for (const apiKey of malformed) {
        for (const mode of modes) {
          const error = yield* Effect.flip(sendTo(url, mode, apiKey))
          assert.strictEqual(error.reason._tag, "Authentication")
          assert.isFalse(error.isRetryable)
          assertUnseen(error, apiKey)
        }
      }
      assert.strictEqual(arrived.length, 0)
    })
  )
})

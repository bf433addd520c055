/** The key is seen by the API and by nobody else. */
import { inspect } from "node:util"
import { assert, describe, it, vi } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Ask, Pacing, Research } from "fanfold"
import { Size } from "../../Asked.ts"
import { recorder, send } from "../../FakeClaude.ts"
import {
  apiError,
  begun,
  continued,
  event,
  json,
  message,
  serve,
  startStream,
  stopped,
  textDelta
} from "../../Loopback.ts"
import { errorFrom, injected, key, listening, modes, sendLimited, sendTo, streamed } from "../../RealClient.ts"

const assertUnseen = (seen: unknown, apiKey = key) => {
  const message = seen instanceof Error ? seen.message : ""
  for (const shown of [JSON.stringify(seen), message, String(seen), inspect(seen, { depth: 10 })]) {
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

  it.live("is cut out of a reply that echoes it, and of every event and finding", () =>
    Effect.gen(function* () {
      const said = `You sent ${key}, did you not?`
      const cited = { type: "text", text: said, citations: [{ type: "x", url: `https://x.org/?k=${key}`, title: key }] }
      const echo = { ...message(said), id: key, model: key, stop_reason: key, stop_sequence: key, content: [cited] }
      const headers = {
        "request-id": key,
        "anthropic-ratelimit-requests-limit": key
      }
      const { events, listen } = recorder()
      const findings = yield* Research.run({ a: Ask.text("why?") }).pipe(
        Effect.provide(Pacing.layer().pipe(Layer.provide(injected(() => Response.json(echo, { headers }))))),
        listen
      )
      assertUnseen(findings)
      assertUnseen(events)
      assert.deepStrictEqual(findings.answers, { a: "You sent <key>, did you not?" })
    })
  )

  it.live(
    "is cut out of a streamed reply and of its pieces, wherever they are cut, and no word of the rest is lost",
    () =>
      Effect.gen(function* () {
        const said = `You sent ${key} and sk-ant-api03-…, so this is`
        for (const length of [1, 2, 7, 13, 40, 100]) {
          const pieces = Array.from({ length: Math.ceil(said.length / length) }, (_, n) =>
            said.slice(n * length, (n + 1) * length)
          )
          const deltas: Array<string> = []
          const body = begun + pieces.map(textDelta).join("") + continued + stopped
          const { content } = yield* streamed(body, { delta: ({ text }) => void deltas.push(text) })
          assertUnseen(content, key.slice("sk-ant-api03-".length))
          assert.strictEqual(deltas.join(""), "ParYou sent <key> and sk-ant-api03-…, so this isis")
          assert.strictEqual(deltas.join(""), content[0]!["text"])
        }
      })
  )

  it.live("is cut out of what has come of an answer that stalls", () =>
    Effect.gen(function* () {
      const part = begun.replace("Par", `Bearer ${key}`).replace("claude-haiku-5-5", key)
      const error = yield* errorFrom((response) => void startStream(response).write(part), "stream", sendLimited)
      assert.strictEqual(error.partialText, "Bearer <key>")
      assertUnseen(error)
    })
  )

  it.live("is cut out of the issue of an answer that does not fit its schema", () =>
    Effect.gen(function* () {
      const { events, listen } = recorder()
      const claude = injected(() => Response.json(message(JSON.stringify({ [key]: key, euro: key }))))
      assertUnseen(yield* Ask.object("how much?", Size).pipe(Effect.provide(claude), listen, Effect.flip))
      assertUnseen(events)
    })
  )

  it.live("has a secret of ANTHROPIC_CUSTOM_HEADERS for company, which is seen as little", () =>
    Effect.gen(function* () {
      const secret = "the-gateway's-own-secret"
      vi.stubEnv("ANTHROPIC_CUSTOM_HEADERS", `x-team: heat-pump-team\nX-Gateway-Token: Bearer ${secret}`)
      const text = `${secret} of the heat-pump-team`
      const { content } = yield* send().pipe(Effect.provide(injected(() => Response.json(message(text)))))
      vi.unstubAllEnvs()
      assert.strictEqual(content[0]!["text"], "<key> of the heat-pump-team")
    })
  )

  it.live("is cut out of no answer where it is a placeholder, or a word that an answer may have", () =>
    Effect.gen(function* () {
      for (const apiKey of [
        "lmstudio",
        "anthropic",
        "sk-1234567",
        "not-needed",
        "sk-no-key-required",
        "your-api-key-goes-here"
      ]) {
        const said = `Set it to ${apiKey}, then open ${apiKey}.ai.`
        const { url } = yield* serve((response, _request, nth) =>
          nth === 1
            ? json(response, 200, message(said))
            : void startStream(response).end(begun.replace("Par", said) + continued + stopped)
        )
        for (const mode of modes) {
          const { content } = yield* sendTo(url, mode, apiKey)
          assert.strictEqual(content[0]!["text"], mode === "plain" ? said : `${said}is`)
        }
      }
    })
  )

  it.live("has its header named where a server of one's own rejects it, unless x-api-key was sent", () =>
    Effect.gen(function* () {
      for (const [status, type, tag] of [
        [401, "authentication_error", "Authentication"],
        [403, "permission_error", "PermissionDenied"]
      ] as const) {
        const { url } = yield* serve((response) => void json(response, status, apiError(type, "no key")))
        const error = yield* Effect.flip(sendTo(url, "plain"))
        assert.strictEqual(error.reason._tag, tag)
        assert.include(error.message, "as a bearer token; if it reads x-api-key, use --auth x-api-key")
        vi.stubEnv("ANTHROPIC_CUSTOM_HEADERS", "x-api-key: the-key-0123456789")
        const second = yield* Effect.flip(sendTo(url, "plain"))
        vi.unstubAllEnvs()
        assert.notInclude(second.message, "x-api-key")
      }
      const rejecting = injected(() => Response.json(apiError("authentication_error", "no key"), { status: 401 }))
      const ofTheApi = yield* send().pipe(Effect.provide(rejecting), Effect.flip)
      assert.notInclude(ofTheApi.message, "x-api-key")
    })
  )

  it.live("is sent with no custom headers that are none, whose line is named", () =>
    Effect.gen(function* () {
      const { arrived, url } = yield* serve((response) => void json(response, 200, message("hello")))
      for (const lines of [
        '{"x-api-key": "a-secret"}',
        "x-team: a\nx-api-key=a-secret",
        "x-a: b\nbad name: c",
        "x-a: b\nx: …"
      ]) {
        vi.stubEnv("ANTHROPIC_CUSTOM_HEADERS", lines)
        const error = yield* Effect.flip(sendTo(url, "plain"))
        vi.unstubAllEnvs()
        assert.match(error.message, /: line [12] of ANTHROPIC_CUSTOM_HEADERS is no header: write each as name: value/)
        assert.isFalse(error.isRetryable)
        assert.notInclude(error.message, "secret")
      }
      assert.strictEqual(arrived.length, 0)
      vi.stubEnv("ANTHROPIC_CUSTOM_HEADERS", "\n x-team: a\r\nx-empty:\n")
      yield* sendTo(url, "plain")
      vi.unstubAllEnvs()
      assert.deepInclude(arrived[0]!.headers, { "x-team": "a", "x-empty": "" })
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

/** Refusals on the wire: what is sent to the mock and to gateways, who answers, and what it costs. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Schema } from "effect"
import { Ask, Event, type Message, Price, Research, Stack, Synthesis } from "fanfold"
import { mockClaude } from "fanfold/mocks"
import { serve } from "../Loopback.ts"
import { recorder } from "../FakeClaude.ts"

/** A Claude whose Sonnet 5.5 and Haiku 5.5 decline everything, and what was sent to it. */
const declining = () => {
  const claude = mockClaude()
  claude.when({ model: "5-5" }).reply({ $refusal: "bio" })
  claude.when({ user: "how many", part: "ask", model: "claude-sonnet-5" }).reply({ n: 5 })
  claude.when({ model: "claude-sonnet-5" }).reply("Answered by Sonnet 5.")
  const sent: Array<{ readonly body: any; readonly betas: string | null }> = []
  const fetch: typeof globalThis.fetch = (url, init) => {
    sent.push({ body: JSON.parse(init!.body as string), betas: new Headers(init!.headers).get("anthropic-beta") })
    return claude.fetch(url, init)
  }
  return { fetch, sent }
}

/** Runs an effect with the whole stack over such a Claude. */
const through = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  fetch: typeof globalThis.fetch,
  options: Stack.Options = {},
  listener: Partial<Event.Listener> = {}
) => {
  const book = recorder()
  const stack = Stack.layer({ ...options, apiKey: Redacted.make(`refusals-${Math.random()}`), fetch })
  const listening = { emit: (event: Event.Event) => Effect.sync(() => void book.events.push(event)), ...listener }
  return effect.pipe(
    Effect.provide(stack),
    Effect.updateService(Event.Listener, () => listening),
    Effect.result,
    Effect.map((result) => ({ result, events: book.events }))
  )
}

const isReplied = (event: Event.Event) => event._tag === "Replied"
const beta = "server-side-fallback-2026-07-01"
const sonnet = { model: "claude-sonnet-5-5" }

describe("a refusal of a model for which the API has a fallback", () => {
  for (const mode of ["plain", "stream"] as const) {
    it.live(`is answered within the request, and both models are paid: ${mode}`, () =>
      Effect.gen(function* () {
        const { fetch, sent } = declining()
        const listener = mode === "stream" ? { delta: () => {} } : {}
        const { events, result } = yield* through(Ask.resolve(Ask.text("why?", sonnet)), fetch, {}, listener)
        assert.deepStrictEqual(
          sent.map(({ betas, body }) => [body.model, body.fallbacks, betas]),
          [["claude-sonnet-5-5", "default", beta]]
        )
        assert(result._tag === "Success")
        const { reply, usage, value } = result.success
        assert.deepStrictEqual([value, reply.model], ["Answered by Sonnet 5.", "claude-sonnet-5"])
        const [first] = reply.declined!
        assert.deepInclude(first, { model: "claude-sonnet-5-5" })
        assert.isAbove(first!.usage.inputTokens, 0)
        assert.strictEqual(usage.inputTokens, 2 * first!.usage.inputTokens)
        const replied = events.find(isReplied)
        assert(replied?._tag === "Replied")
        assert.deepStrictEqual(replied.declined, reply.declined)
        const own: Message.Usage = { ...usage, inputTokens: first!.usage.inputTokens }
        const usd = Price.usdOf("claude-sonnet-5-5", first!.usage)! + Price.usdOf("claude-sonnet-5", own)!
        assert.approximately(replied.costUsd!, usd, 1e-12)
      })
    )
  }

  it.live("is answered where the answer has a schema, and in a synthesis", () =>
    Effect.gen(function* () {
      const { fetch, sent } = declining()
      const asks = { n: Ask.object("how many?", Schema.Struct({ n: Schema.Finite }), sonnet) }
      const program = Effect.flatMap(Research.run(asks), (findings) =>
        Effect.map(Synthesis.text("Fold").answer(findings), ({ reply, value }) => [
          findings.answers.n,
          reply.model,
          value
        ])
      )
      const { result } = yield* through(program, fetch)
      assert(result._tag === "Success")
      assert.deepStrictEqual(result.success, [{ n: 5 }, "claude-sonnet-5", "Answered by Sonnet 5."])
      assert.deepStrictEqual(
        sent.map(({ body }) => body.fallbacks),
        ["default", "default"]
      )
    })
  )

  it.live("fails the ask where it is to be a gap", () =>
    Effect.gen(function* () {
      const { fetch, sent } = declining()
      const { result } = yield* through(Ask.text("why?", sonnet), fetch, { refusals: "gap" })
      assert(result._tag === "Failure")
      assert.strictEqual(result.failure.reason._tag, "Refused")
      assert.deepStrictEqual(
        sent.map(({ betas, body }) => ["fallbacks" in body, betas]),
        [[false, null]]
      )
    })
  )
})

describe("a refusal of the first model of a list", () => {
  it.live("is answered by the next one, whose price counts beside that of the refusal", () =>
    Effect.gen(function* () {
      const { fetch, sent } = declining()
      const model = ["claude-haiku-5-5", "claude-sonnet-5"] as const
      const { events, result } = yield* through(Ask.resolve(Ask.text("why?", { model })), fetch)
      assert.deepStrictEqual(
        sent.map(({ betas, body }) => [body.model, body.fallbacks, betas]),
        model.map((name) => [name, undefined, null])
      )
      assert(result._tag === "Success")
      assert.strictEqual(result.success.reply.model, "claude-sonnet-5")
      const costs = events.flatMap((event) => (event._tag === "Replied" ? [event.costUsd!] : []))
      const { declined, usage } = result.success.reply
      assert.approximately(Price.usdOf("claude-sonnet-5", usage, {}, declined)!, costs[0]! + costs[1]!, 1e-12)
      assert.include(
        events.map(({ _tag }) => _tag),
        "FellBack"
      )
    })
  )
})

describe("a gateway that rejects the field", () => {
  it.live("answers the request without it, and the later ones at once", () =>
    Effect.gen(function* () {
      const claude = mockClaude()
      const { arrived, url } = yield* serve((response, request, nth) => {
        const { body } = arrived[nth - 1]!
        if ("fallbacks" in body) {
          response.writeHead(400, { "content-type": "application/json" })
          const message = "fallbacks: Extra inputs are not permitted"
          response.end(JSON.stringify({ type: "error", error: { type: "invalid_request_error", message } }))
          return
        }
        const headers = { "content-type": "application/json", "x-api-key": "any", "anthropic-version": "2026-10-21" }
        void claude
          .fetch(`https://api.anthropic.com${request.url}`, { method: "POST", headers, body: JSON.stringify(body) })
          .then(async (answer) => {
            response.writeHead(answer.status, { "content-type": "application/json" })
            response.end(await answer.text())
          })
      })
      const stack = Stack.layer({ apiKey: Redacted.make("gateway"), baseUrl: url })
      const asks = ["a?", "b?"].map((question) => Ask.text(question, sonnet))
      const answers = yield* Effect.provide(Effect.all(asks), stack)
      assert.lengthOf(answers, 2)
      assert.deepStrictEqual(
        arrived.map(({ body, headers }) => [body.fallbacks, headers["anthropic-beta"]]),
        [
          ["default", beta],
          [undefined, undefined],
          [undefined, undefined]
        ]
      )
    })
  )
})

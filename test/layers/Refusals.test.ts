/** The API's own fallback after a refusal: which requests ask for it, and what happens where an address does not take it. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Ask, AskError, Call, type Message, Refusals, Retry, Stack } from "fanfold"
import { failure, make, pass, reply, request, send, type Sent } from "../FakeClaude.ts"

const sonnet = request("why?", { model: "claude-sonnet-5-5" })

/** Sends the requests one after the other through the layer alone, and gives how each ended. */
const sentThrough = Effect.fnUntraced(function* (
  claude: ReturnType<typeof make>,
  requests: ReadonlyArray<Message.Request>,
  { call = {}, policy }: { readonly call?: Partial<Call.Call>; readonly policy?: Refusals.Options } = {}
) {
  const layer = Refusals.layer(policy).pipe(Layer.provide(claude.layer))
  const results = yield* Effect.forEach(requests, (one) => Effect.result(send(one))).pipe(
    Effect.provide(layer),
    Effect.updateService(Call.Current, (current) => ({ ...current, ...call }))
  )
  return { results, fallbacks: claude.sent.map(({ request }) => request.fallbacks) }
})

const sentAs = (one: Message.Request, options?: Parameters<typeof sentThrough>[2]) =>
  Effect.map(sentThrough(make(), [one], options), ({ fallbacks }) => fallbacks)

/** A Claude that fails every request with `fallbacks` in this way. */
const rejecting = (error: AskError.AskError) =>
  make(({ request }: Sent) => (request.fallbacks === undefined ? Effect.succeed(reply("yes")) : Effect.fail(error)))

const invalid = (detail: string) => failure(new AskError.InvalidRequest({ detail }))

describe("a request asks for the API's fallback", () => {
  it.effect("where its model has one, by whatever name", () =>
    Effect.gen(function* () {
      for (const model of [
        "claude-sonnet-5-5",
        "claude-opus-5-5",
        "claude-opus-5",
        "claude-fable-5-2",
        "claude-fable-5-1"
      ]) {
        assert.deepStrictEqual(yield* sentAs({ ...sonnet, model }), ["default"], model)
      }
      assert.deepStrictEqual(yield* sentAs({ ...sonnet, model: "claude-sonnet-5-5-20261013" }), ["default"])
    })
  )

  it.effect("and not where it has none, or is not known, or the ask has a list, or a refusal is to be a gap", () =>
    Effect.gen(function* () {
      const elsewhere = ["us.anthropic.claude-sonnet-5-5", "claude-sonnet-5-5@20261013", "anthropic/claude-sonnet-5.5"]
      for (const model of ["claude-haiku-5-5", "claude-sonnet-5", "claude-next", ...elsewhere]) {
        assert.deepStrictEqual(yield* sentAs({ ...sonnet, model }), [undefined], model)
      }
      for (const fallback of [["claude-opus-5"], []]) {
        assert.deepStrictEqual(yield* sentAs(sonnet, { call: { fallback } }), [undefined])
      }
      assert.deepStrictEqual(yield* sentAs(sonnet, { policy: "gap" }), [undefined])
    })
  )
})

describe("an address that does not take the field", () => {
  it.effect("gets the request again without it, and no later one of the model with it", () =>
    Effect.gen(function* () {
      const answers = [
        invalid("fallbacks: Extra inputs are not permitted"),
        invalid("Unexpected value(s) `server-side-fallback-2026-07-01` for the `anthropic-beta` header"),
        invalid("bad request"),
        failure(new AskError.ServerError({ detail: "unknown field fallbacks", status: 500 })),
        failure(new AskError.PermissionDenied({ detail: "the beta is not enabled" })),
        failure(new AskError.NotFound({ detail: "no such beta" }))
      ]
      for (const error of answers) {
        const { fallbacks, results } = yield* sentThrough(rejecting(error), [sonnet, sonnet])
        assert.deepStrictEqual(fallbacks, ["default", undefined, undefined], error.message)
        assert.deepStrictEqual(
          results.map(({ _tag }) => _tag),
          ["Success", "Success"]
        )
      }
    })
  )

  it.effect("is remembered for the model alone", () =>
    Effect.gen(function* () {
      const opus = { ...sonnet, model: "claude-opus-5-5" }
      const { fallbacks } = yield* sentThrough(rejecting(invalid("fallbacks?")), [sonnet, opus, sonnet])
      assert.deepStrictEqual(fallbacks, ["default", undefined, "default", undefined, undefined])
    })
  )

  it.effect("is told from a request that is wrong by itself, which is sent twice once and then once", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.fail(invalid("messages: too many")))
      const { fallbacks, results } = yield* sentThrough(claude, [sonnet, sonnet])
      assert.deepStrictEqual(fallbacks, ["default", undefined, "default"])
      assert.isTrue(results.every((result) => result._tag === "Failure" && /too many/.test(result.failure.message)))
    })
  )

  it.effect("is told from one that has taken it before", () =>
    Effect.gen(function* () {
      const claude = make((_, nth) => (nth === 1 ? Effect.succeed(reply("yes")) : Effect.fail(invalid("too long"))))
      const { fallbacks } = yield* sentThrough(claude, [sonnet, sonnet])
      assert.deepStrictEqual(fallbacks, ["default", "default"])
    })
  )

  it.effect("and reports it as a passing fault, gets the next try without it", () =>
    Effect.gen(function* () {
      const claude = rejecting(failure(new AskError.ServerError({ detail: "oops", status: 500 })))
      const layer = Retry.layer().pipe(Layer.provide(Refusals.layer()), Layer.provide(claude.layer))
      yield* pass(Effect.provide(send(sonnet), layer))
      assert.deepStrictEqual(
        claude.sent.map(({ request }) => request.fallbacks),
        ["default", undefined]
      )
    })
  )

  it.effect("costs no ask, however many were sent at once", () =>
    Effect.gen(function* () {
      const claude = make(({ request }: Sent) =>
        Effect.delay(
          request.fallbacks === undefined ? Effect.succeed(reply("yes")) : Effect.fail(invalid("bad request")),
          "1 second"
        )
      )
      const stack = Stack.layerOver().pipe(Layer.provide(claude.layer))
      const asks = Array.from({ length: 8 }, (_, n) => Ask.text(`${n}?`, { model: "claude-sonnet-5-5" }))
      const answers = yield* pass(Effect.provide(Effect.all(asks, { concurrency: "unbounded" }), stack))
      assert.deepStrictEqual(answers, Array<string>(8).fill("yes"))
    })
  )
})

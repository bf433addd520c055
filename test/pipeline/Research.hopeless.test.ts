/** A failure that every ask would have, before any answer: the other asks are stopped, whatever the policy. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { Ask, AskError, type Policy, Research, Stack } from "fanfold"
import { asksOf, failure, make, pass, recorder, reply, type Sent, questionOf } from "../FakeClaude.ts"

const names = Array.from({ length: 50 }, (_, index) => `q${index}`)
const wrongKey = failure(new AskError.Authentication({ detail: "wrong key" }))

/** Ends after 100 ms: the asks with these names are answered, all others fail with this error. */
const answering =
  (error: AskError.AskError, ...answered: ReadonlyArray<string>) =>
  ({ request }: Sent) => {
    const name = questionOf(request)
    return Effect.delay(answered.includes(name) ? Effect.succeed(reply(name)) : Effect.fail(error), 100)
  }

const everyReason: ReadonlyArray<AskError.Reason> = [
  new AskError.Authentication({ detail: "wrong key" }),
  new AskError.BillingFailed({ detail: "no credit" }),
  new AskError.SpendLimitReached({ detail: "limit" }),
  new AskError.Unreachable({ detail: "certificate", isPassing: false })
]

const tagsOf = (findings: ReadonlyArray<{ readonly outcome: { readonly _tag: string } }>) =>
  findings.map(({ outcome }) => outcome._tag)

const stopped = (failed: number) => names.map((_, index) => (index < failed ? "Failed" : "Interrupted"))

describe("a failure that every ask would have", () => {
  for (const reason of everyReason) {
    it.effect(`stops the asks that were not sent: ${reason._tag}`, () =>
      Effect.gen(function* () {
        const claude = make(answering(failure(reason)))
        const { events, listen } = recorder()
        const run = Research.run(asksOf(...names), { policy: "best-effort", concurrency: 2 })
        const { findings } = yield* pass(listen(Effect.provide(run, claude.layer)))
        assert.isAtMost(claude.sent.length, 2)
        assert.deepStrictEqual(new Set(tagsOf(findings)), new Set(["Failed", "Interrupted"]))
        assert.strictEqual(events.filter(({ _tag }) => _tag === "Interrupted" || _tag === "Failed").length, 50)
      })
    )
  }

  it.effect("stops those that Pacing holds back, at once", () =>
    Effect.gen(function* () {
      const claude = make(answering(wrongKey))
      const stack = Stack.layerOver({ pacing: { limits: { rpm: 60 } } }).pipe(Layer.provide(claude.layer))
      const run = Research.run(asksOf(...names), { policy: { atLeast: 1 } })
      const error = yield* pass(Effect.flip(Effect.provide(run, stack)))
      assert.isBelow(claude.sent.length, 10)
      assert.strictEqual(error.findings.durationMillis, 100)
      assert.strictEqual(error.error?.reason._tag, "Authentication")
      assert.match(error.message, /^q\d+: authentication failed: wrong key.*; 0 of 50 asks answered, 1 needed$/)
    })
  )

  it.effect("stops no ask once one was answered, which proves that the key is right", () =>
    Effect.gen(function* () {
      const policies: ReadonlyArray<Policy.Policy> = ["best-effort", { atLeast: 1 }]
      for (const policy of policies) {
        const claude = make(answering(wrongKey, "q0", "q49"))
        const run = Research.run(asksOf(...names), { policy, concurrency: 1 })
        const { findings } = yield* pass(Effect.provide(run, claude.layer))
        assert.strictEqual(claude.sent.length, 50)
        assert.strictEqual(tagsOf(findings).filter((tag) => tag === "Answered").length, 2)
      }
    })
  )

  for (const reason of [
    new AskError.NotFound({ detail: "model: claude-none" }),
    new AskError.PermissionDenied({ detail: "no access" })
  ]) {
    it.effect(`is ${reason._tag} once two asks have failed by it`, () =>
      Effect.gen(function* () {
        const claude = make(answering(failure(reason)))
        const run = Research.run(asksOf(...names), { policy: "best-effort", concurrency: 1 })
        const { findings } = yield* pass(Effect.provide(run, claude.layer))
        assert.deepStrictEqual(tagsOf(findings), stopped(2))
        assert.lengthOf(claude.sent, 2)
        const stream = Stream.runCollect(Research.stream(asksOf(...names), { concurrency: 1 }))
        assert.deepStrictEqual(tagsOf(yield* pass(Effect.provide(stream, claude.layer))), stopped(2))
      })
    )
  }

  it.effect("is not one that may be of the ask alone", () =>
    Effect.gen(function* () {
      const reasons: ReadonlyArray<(question: string) => AskError.Reason> = [
        (question) => new AskError.NotFound({ detail: `nothing for ${question}` }),
        (question) => new AskError.PermissionDenied({ detail: `${question} was blocked` }),
        () => new AskError.InvalidRequest({ detail: "text" })
      ]
      for (const reasonOf of reasons) {
        const claude = make(({ request }) => Effect.fail(failure(reasonOf(questionOf(request)))))
        const run = Research.run(asksOf(...names), { policy: "best-effort", concurrency: 5 })
        yield* pass(Effect.provide(run, claude.layer))
        assert.strictEqual(claude.sent.length, 50)
      }
    })
  )

  it.effect("leaves asks of another model, or with another form of answer, to be sent", () =>
    Effect.gen(function* () {
      const missing = failure(new AskError.NotFound({ detail: "model" }))
      const others = [Ask.text("other", { model: "claude-opus-5-5" }), Ask.text("other", { webSearch: true })]
      for (const other of others) {
        const claude = make(answering(missing, "other"))
        const asks = { ...asksOf(...names), other }
        const run = Research.run(asks, { policy: "best-effort", concurrency: 1 })
        assert.strictEqual((yield* pass(Effect.provide(run, claude.layer))).answers.other, "other")
        const failing = make(answering(missing))
        const { findings } = yield* pass(
          Effect.provide(
            Research.run({ other, ...asksOf(...names) }, { policy: "best-effort", concurrency: 1 }),
            failing.layer
          )
        )
        assert.lengthOf(failing.sent, 2)
        assert.lengthOf(findings, 51)
      }
    })
  )

  it.effect("ends a stream of findings with one for every ask", () =>
    Effect.gen(function* () {
      for (const concurrency of [1, "unbounded"] as const) {
        const claude = make(answering(wrongKey))
        const stack = Stack.layerOver({ pacing: { limits: { rpm: 60 } } }).pipe(Layer.provide(claude.layer))
        const found = Stream.runCollect(Research.stream(asksOf(...names), { concurrency }))
        const findings = yield* pass(Effect.provide(found, stack))
        assert.strictEqual(findings.length, 50)
        assert.isBelow(claude.sent.length, 10)
        const failed = tagsOf(findings).filter((tag) => tag === "Failed").length
        assert.isAtLeast(failed, 1, "the reason is told")
        assert.deepStrictEqual(tagsOf(findings).toSorted(), stopped(failed))
      }
    })
  )
})

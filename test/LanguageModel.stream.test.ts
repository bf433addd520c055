/** Streams of `effect/ai` over a fake Claude, in virtual time: what arrives when, and what ends a stream. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Stream } from "effect"
import { type AiError, LanguageModel, type Response } from "effect/ai"
import { TestClock } from "effect/testing"
import { AskError, type Claude, Continue, Event, Hedge, type Message, Retry, Timeout } from "fanfold"
import { layer } from "fanfold/LanguageModel"
import { attempt, failure, make, overloaded, pass, recorder, reply, type Sent } from "./FakeClaude.ts"
import { deltasOf, over } from "./OverFake.ts"

/** Answers in pieces, one a second, as a stream does. */
const writing =
  (end: Message.Reply | AskError.AskError, ...pieces: ReadonlyArray<string>) =>
  () =>
    Effect.gen(function* () {
      const current = yield* attempt
      for (const piece of pieces) {
        yield* Effect.sleep("1 second")
        current.delta(piece)
      }
      return end instanceof AskError.AskError ? yield* end : end
    })

/** Answers as soon as it is sent. */
const atOnce = (text: string) => () =>
  Effect.map(attempt, (current) => {
    current.delta(text)
    return reply(text)
  })

/** Begins its text, and does not end. */
const hanging = () => Effect.andThen(writing(reply(""), "Par")(), Effect.never)

/** The nth request is answered by the nth of these. */
const each =
  (...answers: ReadonlyArray<() => Effect.Effect<Message.Reply, AskError.AskError>>) =>
  (_sent: Sent, nth: number) =>
    answers[nth - 1]!()

const cut = failure(new AskError.CutOff({ detail: "gone" }))

const typesOf = (parts: ReadonlyArray<Response.AnyPart>) => parts.map(({ type }) => type)

/** Reads a stream while virtual time passes: its parts, and the error that ended it. */
const collect = <R>(stream: Stream.Stream<Response.AnyPart, AiError.AiError, R>) =>
  Effect.gen(function* () {
    const parts: Array<Response.AnyPart> = []
    const result = yield* pass(
      Effect.result(Stream.runForEach(stream, (part) => Effect.sync(() => void parts.push(part))))
    )
    const error = result._tag === "Failure" ? result.failure : undefined
    return { parts, error, reason: error?.reason._tag, message: error?.message ?? "" }
  })

const stream = LanguageModel.streamText({ prompt: "where?" })

/** Reads a stream whose first request hangs after a part of its text. */
const hangingThrough = (delivery: Layer.Layer<Claude.Claude, never, Claude.Claude>) => {
  const claude = make(each(hanging, atOnce("Lisbon")))
  const model = layer().pipe(Layer.provide(delivery), Layer.provide(claude.layer))
  return Effect.map(collect(Stream.provide(stream, model)), (collected) => ({ ...collected, claude }))
}

describe("streamText", () => {
  it.effect("gives each delta when it arrives, then the end", () =>
    Effect.gen(function* () {
      const claude = make(writing(reply("Lisbon is"), "Lis", "bon", " is"))
      const seen: Array<Response.AnyPart> = []
      const reported: Array<string> = []
      const fiber = yield* Stream.runForEach(stream, (part) => Effect.sync(() => seen.push(part))).pipe(
        Effect.provideService(Event.Listener, {
          emit: () => Effect.void,
          delta: ({ text }) => void reported.push(text)
        }),
        Effect.provide(over(claude)),
        Effect.forkChild
      )
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(deltasOf(seen), ["Lis", "bon"])
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(typesOf(seen), [
        "text-start",
        "text-delta",
        "text-delta",
        "text-delta",
        "text-end",
        "response-metadata",
        "finish"
      ])
      assert.deepInclude(seen.at(-1), { type: "finish", reason: "stop" })
      assert.deepStrictEqual(reported, ["Lis", "bon", " is"])
    })
  )

  it.effect(
    "gives the text of a reply that was not streamed, or was in part, and no block where there is no text",
    () =>
      Effect.gen(function* () {
        const plain = yield* collect(Stream.provide(stream, over(make())))
        assert.deepStrictEqual(deltasOf(plain.parts), ["answer to where?"])
        const part = yield* collect(Stream.provide(stream, over(make(writing(reply("Lisbon"), "Lis")))))
        assert.deepStrictEqual(deltasOf(part.parts), ["Lis", "bon"])
        const empty = yield* collect(Stream.provide(stream, over(make(() => Effect.succeed(reply(""))))))
        assert.deepStrictEqual(typesOf(empty.parts), ["response-metadata", "finish"])
      })
  )

  it.effect("is retried as long as no text has come", () =>
    Effect.gen(function* () {
      const claude = make(each(writing(overloaded()), writing(cut), writing(reply("Lisbon"), "Lisbon")))
      const model = layer().pipe(Layer.provide(Retry.layer()), Layer.provide(claude.layer))
      const { error, parts } = yield* collect(Stream.provide(stream, model))
      assert.isUndefined(error)
      assert.deepStrictEqual(deltasOf(parts), ["Lisbon"])
      assert.lengthOf(claude.sent, 3)
    })
  )

  it.effect("fails with the error of an attempt whose text has begun, and sends no further one", () =>
    Effect.gen(function* () {
      const claude = make(each(writing(cut, "Par"), writing(reply("Lisbon"), "Lisbon")))
      const model = layer().pipe(Layer.provide(Retry.layer()), Layer.provide(claude.layer))
      const { events, listen } = recorder()
      const { error, message, parts, reason } = yield* listen(collect(Stream.provide(stream, model)))
      assert.deepStrictEqual(deltasOf(parts), ["Par"])
      assert.strictEqual(reason, "NetworkError")
      assert.include(message, "cut off before the answer ended: gone")
      assert.isTrue(error?.isRetryable)
      assert.lengthOf(claude.sent, 1)
      const tags = events.map(({ _tag }) => _tag)
      assert.deepStrictEqual(
        tags.filter((tag) => tag !== "Retrying"),
        ["Dispatched", "AttemptFailed"]
      )
    })
  )

  it.effect("gives no text of a second attempt where the first was interrupted by a time limit", () =>
    Effect.gen(function* () {
      const retried = yield* hangingThrough(Retry.layer().pipe(Layer.provide(Timeout.layer({ attempt: "9 seconds" }))))
      assert.deepStrictEqual(deltasOf(retried.parts), ["Par"])
      assert.strictEqual(retried.reason, "NetworkError")
      assert.include(retried.message, "cut off before the answer ended: timed out: the attempt took longer than 9 s")
      assert.lengthOf(retried.claude.sent, 2)
      const late = yield* hangingThrough(Retry.layer({ within: "9 seconds" }))
      assert.deepStrictEqual(deltasOf(late.parts), ["Par"])
      assert.strictEqual(late.reason, "UnknownError")
      assert.include(late.message, "timed out: the ask took longer than 9 s")
    })
  )

  it.effect("goes on with the text of a turn that is continued", () =>
    Effect.gen(function* () {
      const paused = writing(reply("Lis", { stopReason: "pause_turn" }), "Lis")
      const claude = make(each(paused, writing(overloaded()), writing(reply("bon"), "bon")))
      const delivery = Continue.layer().pipe(Layer.provide(Retry.layer()), Layer.provide(claude.layer))
      const { error, parts } = yield* collect(Stream.provide(stream, layer().pipe(Layer.provide(delivery))))
      assert.isUndefined(error)
      assert.deepStrictEqual(deltasOf(parts), ["Lis", "bon"])
      assert.lengthOf(claude.sent, 3)
    })
  )

  it.effect("never joins the text of a second copy to that of the first", () =>
    Effect.gen(function* () {
      const hedged = (original: ReturnType<typeof writing>) => {
        const claude = make(({ call }) =>
          call.hedge === true ? writing(reply("Lisbon"), "Lis", "bon")() : Effect.andThen(original(), Effect.never)
        )
        return layer().pipe(Layer.provide(Hedge.layer({ after: "5 seconds" })), Layer.provide(claude.layer))
      }
      const silent = yield* collect(Stream.provide(stream, hedged(writing(reply("")))))
      assert.deepStrictEqual(deltasOf(silent.parts), ["Lisbon"])
      const begun = yield* collect(Stream.provide(stream, hedged(writing(reply(""), "Por", "to"))))
      assert.deepStrictEqual(deltasOf(begun.parts), ["Por", "to"])
      assert.strictEqual(begun.reason, "NetworkError")
      assert.include(begun.message, "the second copy")
    })
  )

  it.effect("ends with the first of two copies, whatever becomes of the second", () =>
    Effect.gen(function* () {
      const hedged = (
        original: Message.Reply | AskError.AskError,
        copy: () => Effect.Effect<Message.Reply, AskError.AskError>
      ) => {
        const first = writing(original, ..."Lisbon is")
        const claude = make(({ call }) => (call.hedge === true ? copy() : first()))
        const model = layer().pipe(Layer.provide(Hedge.layer({ after: "5 seconds" })), Layer.provide(claude.layer))
        return collect(Stream.provide(stream, model))
      }
      const good = yield* hedged(reply("Lisbon is"), writing(failure(new AskError.InvalidRequest({ detail: "wrong" }))))
      assert.isUndefined(good.error)
      assert.strictEqual(deltasOf(good.parts).join(""), "Lisbon is")
      const bad = yield* hedged(cut, () => Effect.delay(Effect.succeed(reply("Porto")), "1 minute"))
      assert.include(bad.message, "gone")
    })
  )

  it.effect("interrupts the request when it is closed early", () =>
    Effect.gen(function* () {
      const claude = make(writing(reply("Lisbon"), "Lis", "bon"))
      const { parts } = yield* collect(Stream.provide(Stream.take(stream, 2), over(claude)))
      assert.deepStrictEqual(deltasOf(parts), ["Lis"])
      assert.strictEqual(claude.interrupted, 1)
    })
  )

  it.effect("fails where Claude declines, also after a part of the text", () =>
    Effect.gen(function* () {
      const refusal = { category: "bio", explanation: "No." }
      const claude = make(writing(reply("Fer", { stopReason: "refusal", refusal }), "Fer"))
      const { message, reason } = yield* collect(Stream.provide(stream, over(claude)))
      assert.strictEqual(reason, "ContentPolicyError")
      assert.include(message, "Claude refused (bio): No.")
    })
  )
})

/** The text of answers while it is written: from a fake Claude in virtual time, and from the mock over the real client. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Redacted, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Ask, type AskError, Call, Event, Message, Research, Retry, Stack, Synthesis } from "fanfold"
import { mockClaude } from "fanfold/mocks"
import { asksOf, invalid, make, overloaded, questionOf, reply, type Sent } from "../FakeClaude.ts"

/** Reports pieces of a text, one a second, for the call under way. */
const write = (...pieces: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const { ask, part, run } = yield* Call.Current
    const { delta } = yield* Event.Listener
    for (const text of pieces) {
      yield* Effect.sleep("1 second")
      delta?.({ run, ask, part, text })
    }
  })

const writing =
  (...pieces: ReadonlyArray<string>) =>
  () =>
    Effect.as(write(...pieces), reply(pieces.join("")))

/** The first request fails after a piece of its text. */
const cut = (_: Sent, nth: number) =>
  nth === 1 ? Effect.andThen(write("Par"), Effect.fail(overloaded())) : writing("Lis", "bon")()

const attemptFailed = Event.emit({
  _tag: "AttemptFailed",
  attempt: 1,
  reason: "CutOff",
  message: "cut off",
  durationMillis: 1
})

/** Runs an effect while a virtual minute passes. */
const minute = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust("1 minute")
    return yield* Fiber.join(fiber)
  })

const collect = <A, E, R>(stream: Stream.Stream<A, E, R>, claude: Pick<ReturnType<typeof make>, "layer">) =>
  minute(Effect.provide(Stream.runCollect(stream), claude.layer))

/** The text that deltas add up to, by the rule of their offsets. */
const textOf = (deltas: ReadonlyArray<{ readonly text: string; readonly offset: number }>) =>
  deltas.reduce((text, delta) => text.slice(0, delta.offset) + delta.text, "")

describe("Ask.textStream", () => {
  it.effect("gives each delta when it arrives, and ends with the answer", () =>
    Effect.gen(function* () {
      const claude = make(writing("Lis", "bon", " is"))
      const seen: Array<string> = []
      const stream = Stream.runForEach(Ask.textStream(Ask.text("where?")), (text) => Effect.sync(() => seen.push(text)))
      const fiber = yield* Effect.forkChild(Effect.provide(stream, claude.layer))
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(seen, ["Lis", "bon"])
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(seen, ["Lis", "bon", " is"])
    })
  )

  it.effect("gives the text of a reply that was not streamed, and the end of one that was streamed in part", () =>
    Effect.gen(function* () {
      const whole = make()
      assert.deepStrictEqual(yield* collect(Ask.textStream(Ask.text("where?")), whole), ["answer to where?"])
      const part = make(() => Effect.as(write("Lis"), reply("Lisbon")))
      assert.deepStrictEqual(yield* collect(Ask.textStream(Ask.text("where?")), part), ["Lis", "bon"])
    })
  )

  it.effect("loses nothing where the reader is slower than the answer", () =>
    Effect.gen(function* () {
      const pieces = Array.from({ length: 50 }, (_, index) => `${index} `)
      const claude = make(({ call: { ask, part, run } }) =>
        Effect.map(Event.Listener, ({ delta }) => {
          for (const text of pieces) delta?.({ run, ask, part, text })
          return reply(pieces.join(""))
        })
      )
      const slow = Stream.mapEffect(Ask.textStream(Ask.text("where?")), (text) =>
        Effect.delay(Effect.succeed(text), 900)
      )
      assert.deepStrictEqual(yield* collect(slow, claude), pieces)
    })
  )

  it.effect("fails where the ask fails, after the text there was", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.andThen(write("Lis"), Effect.fail(invalid())))
      const seen: Array<string> = []
      const stream = Stream.tap(Ask.textStream(Ask.text("where?")), (text) => Effect.sync(() => seen.push(text)))
      const error: AskError.AskError = yield* Effect.flip(collect(stream, claude))
      assert.strictEqual(error.reason._tag, "InvalidRequest")
      assert.deepStrictEqual(seen, ["Lis"])
    })
  )

  it.effect("interrupts the request when it is closed", () =>
    Effect.gen(function* () {
      const claude = make(writing("Lis", "bon", " is"))
      assert.deepStrictEqual(yield* collect(Stream.take(Ask.textStream(Ask.text("where?")), 1), claude), ["Lis"])
      assert.deepStrictEqual([claude.interrupted, claude.inFlight], [1, 0])
    })
  )

  it.effect("reports to the listener around it as well", () =>
    Effect.gen(function* () {
      const deltas: Array<string> = []
      const tags: Array<string> = []
      const listener: Event.Listener = {
        emit: ({ _tag }) => Effect.sync(() => void tags.push(_tag)),
        delta: ({ text }) => void deltas.push(text)
      }
      const stream = Ask.textStream(Ask.text("where?"))
      yield* Effect.provideService(collect(stream, make(writing("Lis", "bon"))), Event.Listener, listener)
      assert.deepStrictEqual(deltas, ["Lis", "bon"])
      assert.deepStrictEqual(tags, ["Started", "Answered"])
    })
  )

  it.effect("gives all of the next attempt's text where one failed, and that of the answer that fits its schema", () =>
    Effect.gen(function* () {
      const retried = Layer.provide(Retry.layer(), make(cut).layer)
      const stream = Ask.textStream(Ask.text("where?"))
      assert.deepStrictEqual(yield* collect(stream, { layer: retried }), ["Par", "Lis", "bon"])

      const Count = Schema.Struct({ n: Schema.Finite })
      const unfit = make((_, nth) => writing(nth === 1 ? `{"n":"many"}` : `{"n":1}`)())
      const counted = Ask.textStream(Ask.object("how many?", Count))
      assert.deepStrictEqual(yield* collect(counted, unfit), [`{"n":"many"}`, `{"n":1}`])
    })
  )
})

describe("a synthesis", () => {
  const memo = Synthesis.text("Where?")

  it.effect("is streamed as the ask that it makes of findings", () =>
    Effect.gen(function* () {
      const claude = make(({ request }) =>
        questionOf(request).startsWith("<findings>") ? writing("The ", "memo")() : Effect.succeed(reply("re"))
      )
      const stream = Stream.unwrap(Effect.map(Research.run(asksOf("a")), (findings) => Ask.textStream(memo(findings))))
      assert.deepStrictEqual(yield* collect(stream, claude), ["The ", "memo"])
      const { call, request } = claude.sent[1]!
      assert.deepStrictEqual([call.part, call.ask], ["synthesis", "synthesis"])
      assert.isAbove(call.run.length, 0)
      assert.strictEqual(request.model, "claude-sonnet-5-5")
    })
  )

  it.effect(
    "makes an ask that has the same request, runs under its own name in a research, and fails without answers",
    () =>
      Effect.gen(function* () {
        const claude = make()
        const findings = yield* Effect.provide(Research.run(asksOf("a")), claude.layer)
        const ask = memo(findings)
        assert.instanceOf(ask, Ask.Ask)
        assert.strictEqual(ask.question, Synthesis.promptOf("Where?", findings))
        yield* Effect.provide(Research.run({ part: ask }), claude.layer)
        const { call, request } = claude.sent[1]!
        assert.deepStrictEqual([call.part, call.ask], ["ask", "part"])
        assert.deepStrictEqual(request, Ask.requestOf(ask))

        const gaps = yield* Research.run(asksOf("a"), { policy: "best-effort" }).pipe(
          Effect.provide(make(() => Effect.fail(invalid())).layer)
        )
        const error = yield* Effect.flip(collect(Ask.textStream(memo(gaps)), claude))
        assert.strictEqual(error.reason._tag, "NothingToFold")
        const nested = yield* Effect.flip(Effect.provide(Research.run({ part: memo(gaps) }), claude.layer))
        assert.strictEqual(nested.error?.reason._tag, "NothingToFold")
        assert.lengthOf(claude.sent, 2)
      })
  )
})

describe("Research.textStream", () => {
  it.effect("gives the deltas of each ask, and its finding after the last of them", () =>
    Effect.gen(function* () {
      const claude = make(({ request }) => {
        if (questionOf(request) === "bad") return Effect.fail(invalid())
        return questionOf(request) === "plain" ? Effect.succeed(reply("whole")) : writing("Lis", "bon")()
      })
      const found = yield* collect(Research.textStream(asksOf("written", "plain", "bad")), claude)
      assert.deepStrictEqual(
        found.map((each) => ("text" in each ? each : [each.name, each.outcome._tag])) as ReadonlyArray<unknown>,
        [
          { name: "plain", text: "whole", offset: 0 },
          ["plain", "Answered"],
          ["bad", "Failed"],
          { name: "written", text: "Lis", offset: 0 },
          { name: "written", text: "bon", offset: 3 },
          ["written", "Answered"]
        ]
      )
    })
  )

  it.effect("has offsets that replace the text of a failed attempt, and keep that of a paused turn", () =>
    Effect.gen(function* () {
      const claude = make(() =>
        Effect.gen(function* () {
          yield* write("One ", "two ")
          yield* Event.emit({ _tag: "Continued", turn: 1 })
          yield* write("thr")
          yield* Event.emit({
            _tag: "AttemptFailed",
            hedge: true,
            attempt: 1,
            reason: "",
            message: "",
            durationMillis: 1
          })
          yield* write("aa")
          yield* attemptFailed
          yield* write("three")
          return reply("One two three")
        })
      )
      const deltas = (yield* collect(Research.textStream(asksOf("a")), claude)).filter((each) => "text" in each)
      assert.deepStrictEqual(
        deltas.map(({ offset }) => offset),
        [0, 4, 8, 11, 8]
      )
      assert.strictEqual(textOf(deltas), "One two three")
    })
  )

  it.effect("replaces the text where the answer is another one, as that of a faster second copy is", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.as(write("Par"), reply("Lisbon")))
      const deltas = (yield* collect(Research.textStream(asksOf("a")), claude)).filter((each) => "text" in each)
      assert.deepStrictEqual(
        deltas.map(({ offset, text }) => [offset, text]),
        [
          [0, "Par"],
          [0, "Lisbon"]
        ]
      )
    })
  )

  it.effect("interrupts the asks when it is closed", () =>
    Effect.gen(function* () {
      const claude = make(writing("Lis", "bon"))
      yield* collect(Stream.take(Research.textStream(asksOf("a", "b")), 1), claude)
      assert.deepStrictEqual([claude.interrupted, claude.inFlight], [2, 0])
    })
  )
})

describe("over the real client", () => {
  it("the deltas of a research and of a synthesis are the texts of their answers", async () => {
    const claude = mockClaude()
    const { fetch } = claude
    const layer = Stack.layer({ apiKey: Redacted.make("sk-ant-key"), fetch })
    const program = Effect.gen(function* () {
      const asks = asksOf("one?", "two?")
      const found = yield* Stream.runCollect(Research.textStream({ one: asks["one?"], two: asks["two?"] }))
      for (const each of found) {
        if ("text" in each || each.outcome._tag !== "Answered") continue
        const deltas = found.flatMap((other) => ("text" in other && other.name === each.name ? [other] : []))
        assert.isAbove(deltas.length, 1)
        assert.strictEqual(textOf(deltas), each.outcome.value)
        assert.strictEqual(deltas.map(({ text }) => text).join(""), Message.textOf(each.outcome.reply))
      }
      assert.lengthOf(
        found.filter((each) => "outcome" in each),
        2
      )
      const findings = yield* Research.run(asksOf("three"))
      const pieces = yield* Stream.runCollect(Ask.textStream(Synthesis.text("Write.")(findings)))
      assert.isAbove(pieces.length, 1)
      assert.include(pieces.join(""), "Simulated synthesis of 1 finding.")
    })
    await Effect.runPromise(Effect.provide(program, layer))
  })
})

/** What counts as one attempt, whatever a `Claude` does within it: it is observed, and its events come in pairs. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Exit, Fiber, Layer, Scheduler } from "effect"
import { TestClock } from "effect/testing"
import { Attempt, Budget, Claude, Event, Message, Retry, Stack, Timeout } from "fanfold"
import { make, questionOf, recorder, reply, request, send } from "../FakeClaude.ts"

type Around = Layer.Layer<Claude.Claude, never, Claude.Claude>
type Send = (typeof Claude.Claude.Service)["send"]

/** The events of attempts, in their order. */
const tagsOf = (events: ReadonlyArray<Event.Event>) => events.map(({ _tag }) => _tag)

const observe =
  (observer: Attempt.Observer) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.withFiber<A, E, R>((fiber) => Attempt.observed(effect, observer, fiber))

/** A Claude made without `layerAround`: it asks `own` itself, and the question "routed" by a stack of fanfold over `inner`. */
const router = (own: ReturnType<typeof make>, inner: ReturnType<typeof make>) =>
  Layer.effect(
    Claude.Claude,
    Effect.gen(function* () {
      const direct = yield* Effect.provide(Claude.Claude, own.layer)
      const routed = yield* Effect.provide(Claude.Claude, Retry.layer().pipe(Layer.provide(inner.layer)))
      return Claude.Claude.of({
        send: (request) => (questionOf(request) === "routed" ? routed : direct).send(request)
      })
    })
  )

/** Asks one question after the other through a layer; gives how each ended and when, in ms from its start. */
const asking = Effect.fnUntraced(function* (layer: Layer.Layer<Claude.Claude>, ...questions: ReadonlyArray<string>) {
  const { events, listen } = recorder()
  const one = Effect.fnUntraced(function* (question: string) {
    const startedAt = yield* Clock.currentTimeMillis
    const result = yield* Effect.result(send(request(question)))
    const how = result._tag === "Success" ? Message.textOf(result.success) : result.failure.reason._tag
    return [how, (yield* Clock.currentTimeMillis) - startedAt] as const
  })
  const fiber = yield* Effect.forEach(questions, one).pipe(Effect.provide(layer), listen, Effect.forkChild)
  yield* TestClock.adjust("1 day")
  assert.isDefined(fiber.pollUnsafe(), "a call hangs")
  return { ends: yield* Fiber.join(fiber), events }
})

const over = (layer: Around, claude: Layer.Layer<Claude.Claude>) => layer.pipe(Layer.provide(claude))

describe("a Claude without layerAround that asks another stack", () => {
  it.effect("is still ended by the Timeout around it, in a later call that hangs", () =>
    Effect.gen(function* () {
      const claude = router(
        make(() => Effect.never),
        make(() => Effect.succeed(reply("inner")))
      )
      const { ends, events } = yield* asking(
        over(Timeout.layer({ attempt: "1 minute" }), claude),
        "own",
        "routed",
        "own"
      )
      assert.deepStrictEqual(ends, [
        ["TimedOut", 60_000],
        ["inner", 0],
        ["TimedOut", 60_000]
      ])
      assert.deepStrictEqual(tagsOf(events), [
        "Dispatched",
        "AttemptFailed",
        "Dispatched",
        "Replied",
        "Dispatched",
        "AttemptFailed"
      ])
    })
  )

  it.effect("is still counted by the Budget around it", () =>
    Effect.gen(function* () {
      const usage = { ...Message.noUsage, inputTokens: 10, outputTokens: 100 }
      const answers = () => make(() => Effect.succeed(reply("yes", { usage })))
      const own = answers()
      const questions = ["routed", ...Array.from({ length: 30 }, () => "own")]
      const layer = over(Budget.layer({ tokens: 2000 }), router(own, answers()))
      const { ends } = yield* asking(layer, ...questions)
      // Each may take 241 tokens, and takes 110: the 17th call finds 240 left.
      assert.deepStrictEqual(
        ends.map(([how]) => how),
        questions.map((_question, index) => (index < 16 ? "yes" : "OverBudget"))
      )
      assert.lengthOf(own.sent, 15)
    })
  )

  it.effect("is one attempt, too, where it asks through the stack that is around it", () =>
    Effect.gen(function* () {
      let stack: Send | undefined
      const agent = Layer.succeed(
        Claude.Claude,
        Claude.Claude.of({
          send: (one) => {
            if (questionOf(one) === "hang") return Effect.never
            const part = questionOf(one) === "main" ? stack!(request("part")) : Effect.void
            return Effect.as(part, reply(questionOf(one)))
          }
        })
      )
      const { events, listen } = recorder()
      const program = Effect.gen(function* () {
        stack = (yield* Claude.Claude).send
        yield* send(request("main"))
        yield* send(request("plain"))
        return yield* Effect.flip(send(request("hang")))
      })
      const layer = Stack.layerOver({
        timeout: { attempt: "1 minute", stall: "1 minute", firstToken: "1 minute" },
        retry: { attempts: 1 }
      })
      const fiber = yield* program.pipe(Effect.provide(over(layer, agent)), listen, Effect.forkChild)
      yield* TestClock.adjust("1 minute")
      const { reason } = yield* Fiber.join(fiber)
      assert.deepInclude(reason, { _tag: "TimedOut", scope: "attempt" })
      assert.deepStrictEqual(tagsOf(events), [
        "Dispatched",
        "Replied",
        "Dispatched",
        "Replied",
        "Dispatched",
        "AttemptFailed"
      ])
    })
  )
})

describe("a listener that asks the same Claude", () => {
  it.effect("on FirstToken makes attempts of its own, and hides no later one", () =>
    Effect.gen(function* () {
      const claude = make(({ request }) =>
        Effect.gen(function* () {
          const current = yield* Attempt.current
          if (questionOf(request) === "hang") return yield* Effect.never
          current?.chunk(() => ({ model: "m", usage: undefined, partialText: questionOf(request) }))
          if (questionOf(request) === "main") yield* current?.firstToken ?? Effect.void
          return reply(questionOf(request))
        })
      )
      const events: Array<string> = []
      const dispatched: Array<Attempt.Attempt> = []
      const chunks: Array<string | undefined> = []
      const observer: Attempt.Observer = {
        onDispatch: (attempt) => void dispatched.push(attempt),
        onChunk: ({ partial }) => void chunks.push(partial.partialText)
      }
      const program = Effect.gen(function* () {
        const { send } = yield* Claude.Claude
        const emit = ({ _tag }: Event.Event) => {
          events.push(_tag)
          return _tag === "FirstToken" ? Effect.orDie(Effect.asVoid(send(request("summary")))) : Effect.void
        }
        const listen = Effect.provideService(Event.Listener, { emit })
        yield* send(request("main")).pipe(observe(observer), listen)
        return yield* Effect.flip(listen(send(request("hang"))))
      })
      const layer = over(Timeout.layer({ attempt: "1 minute" }), claude.layer)
      const fiber = yield* Effect.forkChild(Effect.provide(program, layer))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(fiber)).reason._tag, "TimedOut")
      assert.deepStrictEqual(events, [
        "Dispatched",
        "FirstToken",
        "Dispatched",
        "Replied",
        "Replied",
        "Dispatched",
        "AttemptFailed"
      ])
      assert.lengthOf(dispatched, 1)
      assert.deepStrictEqual(chunks, ["main"])
    })
  )
})

describe("an attempt that is interrupted", () => {
  it.effect("while it is announced to a slow listener ends after that, and is not sent", () =>
    Effect.gen(function* () {
      const claude = make()
      const events: Array<Event.Event> = []
      const emit = (event: Event.Event) =>
        Effect.delay(
          Effect.sync(() => void events.push(event)),
          100
        )
      const fiber = yield* send().pipe(
        Effect.provide(over(Retry.layer(), claude.layer)),
        Effect.provideService(Event.Listener, { emit }),
        Effect.forkChild
      )
      yield* TestClock.adjust(50)
      const interrupting = yield* Effect.forkChild(Fiber.interrupt(fiber))
      yield* TestClock.adjust(49)
      assert.isUndefined(interrupting.pollUnsafe())
      yield* TestClock.adjust(101)
      yield* Fiber.join(interrupting)
      assert.deepStrictEqual(tagsOf(events), ["Dispatched", "AttemptFailed"])
      assert.deepInclude(events[1], { reason: "Interrupted", durationMillis: 0 })
      assert.lengthOf(claude.sent, 0)
    })
  )

  it.effect("at any step has both of its events or neither", () =>
    Effect.gen(function* () {
      // The number of operations between two yields decides where an interruption can arrive.
      for (const operations of [3, 4, 5, 6, 7]) {
        const seen = new Set<string>()
        for (let steps = 0; !seen.has("Dispatched Replied"); steps++) {
          const claude = make(() => Effect.as(Effect.repeat(Effect.yieldNow, { times: 2 }), reply("yes")))
          const { events, listen } = recorder()
          const fiber = yield* send().pipe(
            Effect.provide(
              over(
                Claude.layerAround((send) => send),
                claude.layer
              )
            ),
            listen,
            Effect.provideService(Scheduler.MaxOpsBeforeYield, operations),
            Effect.forkChild
          )
          yield* Effect.repeat(Effect.yieldNow, { times: steps })
          yield* Fiber.interrupt(fiber)
          seen.add(tagsOf(events).join(" "))
        }
        assert.deepStrictEqual([...seen], ["", "Dispatched AttemptFailed", "Dispatched Replied"])
      }
    })
  )
})

describe("a send that throws before it gives an effect", () => {
  for (const isListening of [true, false]) {
    it.effect(`is an attempt that ended, ${isListening ? "with" : "without"} a listener`, () =>
      Effect.gen(function* () {
        let calls = 0
        const throwing: Send = () => {
          calls++
          throw new Error("thrown")
        }
        const claude = Layer.succeed(Claude.Claude, Claude.Claude.of({ send: throwing }))
        const observed: Array<string> = []
        const observer: Attempt.Observer = {
          onDispatch: () => void observed.push("dispatch"),
          onEnd: (_attempt, { exit }) => void observed.push(Exit.hasDies(exit) ? "defect" : "other")
        }
        const { events, listen } = recorder()
        // Each may take 240 tokens, and counts in full.
        const program = Effect.forEach([1, 2, 3, 4], () => Effect.exit(send())).pipe(
          Effect.provide(over(Budget.layer({ tokens: 600 }), claude)),
          observe(observer)
        )
        const exits = yield* isListening ? listen(program) : program
        assert.deepStrictEqual(
          exits.map((exit) => Exit.hasDies(exit)),
          [true, true, false, false]
        )
        assert.strictEqual(calls, 2)
        assert.deepStrictEqual(observed, ["dispatch", "defect", "dispatch", "defect"])
        assert.deepStrictEqual(
          events.map((event) => (event._tag === "AttemptFailed" ? event.reason : event._tag)),
          isListening ? ["Dispatched", "Defect", "Dispatched", "Defect"] : []
        )
      })
    )
  }
})

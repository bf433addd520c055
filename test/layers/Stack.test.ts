/** The whole stack: the order of its layers, and what the runs of one process share. */
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Fiber, Layer, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { Ask, AskError, Budget, type Claude, Continue, Event, Hedge, Research, Retry, Stack, Timeout } from "fanfold"
import { failure, make, overloaded, pass, recorder, reply, script } from "../FakeClaude.ts"
import { message } from "../Loopback.ts"

/** A fetch that holds every request for some turns of the event loop, and counts how many it holds. */
const holding = () => {
  const book = { inFlight: 0, peak: 0, urls: [] as Array<string>, keys: [] as Array<string | null> }
  const fetch: typeof globalThis.fetch = (url, init) => {
    book.inFlight++
    book.peak = Math.max(book.peak, book.inFlight)
    book.urls.push(new Request(url).url)
    book.keys.push(new Headers(init?.headers).get("authorization"))
    return new Promise((resolve) => {
      const wait = (turns: number): unknown =>
        turns > 0 ? setImmediate(() => wait(turns - 1)) : resolve(Response.json((book.inFlight--, message("yes"))))
      wait(20)
    })
  }
  return Object.assign(book, { fetch })
}

const four = Research.run([Ask.text("a"), Ask.text("b"), Ask.text("c"), Ask.text("d")])

const twice = (first: Layer.Layer<Claude.Claude>, second: Layer.Layer<Claude.Claude>) =>
  Effect.all([Effect.provide(four, first), Effect.provide(four, second)], { concurrency: 2 })

describe("Stack", () => {
  it.live("gives two runs with the same key one gate, wherever it is provided", () =>
    Effect.gen(function* () {
      const book = holding()
      const layer = () => Stack.layer({ apiKey: Redacted.make("same"), fetch: book.fetch, pacing: { inFlight: 2 } })
      const one = layer()
      yield* twice(one, one)
      assert.strictEqual(book.peak, 2)
      yield* twice(layer(), layer())
      assert.strictEqual(book.peak, 2)
      assert.strictEqual(book.urls.length, 16)
    })
  )

  it.live("gives different keys and base URLs gates of their own", () =>
    Effect.gen(function* () {
      for (const other of [{ apiKey: Redacted.make("other") }, { baseUrl: "https://claude.example.org" }]) {
        const book = holding()
        const options = { apiKey: Redacted.make("one"), fetch: book.fetch, pacing: { inFlight: 2 } }
        yield* twice(Stack.layer(options), Stack.layer({ ...options, ...other }))
        assert.strictEqual(book.peak, 4)
      }
    })
  )

  it.live("outlives a run that was interrupted while it was being built", () =>
    Effect.gen(function* () {
      const { fetch } = holding()
      const layer = Stack.layer({ apiKey: Redacted.make("interrupted"), fetch })
      const fiber = yield* Effect.forkChild(Effect.provide(four, layer))
      yield* Effect.yieldNow
      yield* Fiber.interrupt(fiber)
      const { answers } = yield* Effect.timeout(Effect.provide(four, layer), "10 seconds")
      assert.deepStrictEqual(answers, ["yes", "yes", "yes", "yes"])
    })
  )

  it.live("reads key and base URL from the environment", () =>
    Effect.gen(function* () {
      const book = holding()
      const provided = (env: Record<string, string>) =>
        Ask.text("a").pipe(
          Effect.provide(Stack.layerConfig({ fetch: book.fetch })),
          Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown(env))
        )
      yield* provided({ ANTHROPIC_API_KEY: "sk-1", ANTHROPIC_BASE_URL: "https://claude.example.org/base" })
      yield* provided({ ANTHROPIC_AUTH_TOKEN: "token-2" })
      assert.deepStrictEqual(book.keys, ["Bearer sk-1", "Bearer token-2"])
      assert.deepStrictEqual(book.urls, [
        "https://claude.example.org/base/v1/messages",
        "https://api.anthropic.com/v1/messages"
      ])
      const missing = yield* Effect.flip(provided({}))
      assert.include(String(missing), "ANTHROPIC_API_KEY")
    })
  )

  it.effect("retries within a continued turn, and stamps every event of the ask", () =>
    Effect.gen(function* () {
      const claude = make(script(overloaded(), reply("a ", { stopReason: "pause_turn" }), overloaded(), reply("b")))
      const { events, listen } = recorder()
      const fiber = yield* Research.run({ one: Ask.text("why?") }).pipe(
        Effect.provide(Stack.layerOver().pipe(Layer.provide(claude.layer))),
        listen,
        Effect.forkChild
      )
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual((yield* Fiber.join(fiber)).answers, { one: "a b" })
      assert.deepStrictEqual(
        events.filter(({ ask }) => ask === "one").map(({ _tag }) => _tag),
        [
          "Started",
          "Dispatched",
          "AttemptFailed",
          "Retrying",
          "Dispatched",
          "Replied",
          "Continued",
          "Dispatched",
          "AttemptFailed",
          "Retrying",
          "Dispatched",
          "Replied",
          "Answered"
        ]
      )
      assert.deepStrictEqual(
        claude.sent.map(({ call }) => call.attempt),
        [1, 2, 1, 2]
      )
    })
  )

  it.effect("goes on to the next model once retrying is over, and not before", () =>
    Effect.gen(function* () {
      const claude = make(({ request: { model } }, nth) =>
        nth < 3 ? Effect.fail(overloaded()) : Effect.succeed(reply("yes", { model }))
      )
      const stack = Stack.layerOver().pipe(Layer.provide(claude.layer))
      yield* pass(Effect.provide(Ask.text("why?", { model: ["a", "b"] }), stack))
      assert.deepStrictEqual(
        claude.sent.map(({ request }) => request.model),
        ["a", "a", "a"]
      )
    })
  )

  it.effect("tries an attempt again that a limit ended, and hands its options to its layers", () =>
    Effect.gen(function* () {
      const claude = make((_sent, nth) => (nth === 1 ? Effect.never : Effect.succeed(reply("yes"))))
      const stack = Stack.layerOver({
        timeout: { attempt: "5 seconds" },
        retry: { attempts: 2 },
        pacing: { inFlight: 1 }
      })
      const fiber = yield* Ask.text("why?").pipe(
        Effect.provide(stack.pipe(Layer.provide(claude.layer))),
        Effect.forkChild
      )
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(fiber), "yes")
      assert.isAtLeast(claude.sent[1]!.at, 5100)
      assert.isAtMost(claude.sent[1]!.at, 5500)
    })
  )

  it.effect("counts no waiting at the gate against an attempt's limit", () =>
    Effect.gen(function* () {
      const claude = make(() => Effect.delay(Effect.succeed(reply("yes")), "4 seconds"))
      const stack = Stack.layerOver({
        timeout: { attempt: "5 seconds" },
        retry: { attempts: 1 },
        pacing: { inFlight: 1 }
      })
      const fiber = yield* four.pipe(Effect.provide(stack.pipe(Layer.provide(claude.layer))), Effect.forkChild)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual((yield* Fiber.join(fiber)).answers, ["yes", "yes", "yes", "yes"])
    })
  )

  it.effect("lets one model's 429 hold back its siblings of the same gate", () =>
    Effect.gen(function* () {
      const limited = failure(new AskError.RateLimited({ detail: "slow down", retryAfterMillis: 30_000 }))
      const claude = make((_sent, nth) => (nth === 1 ? Effect.fail(limited) : Effect.succeed(reply("yes"))))
      const fiber = yield* Research.run([Ask.text("a"), Ask.text("b")], { concurrency: 1 }).pipe(
        Effect.provide(Stack.layerOver().pipe(Layer.provide(claude.layer))),
        Effect.forkChild
      )
      yield* TestClock.adjust("1 minute")
      const { answers } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(answers, ["yes", "yes"])
      assert.isAtLeast(claude.sent[1]!.at, 30_000)
    })
  )
})

/** Begins a run of four asks that never end, lets `others` more keys in, then begins another such run with the first key. */
const inFlightAfter = (others: number, expected: number, used = false) =>
  Effect.gen(function* () {
    let inFlight = 0
    const fetch = () => new Promise<Response>(() => void inFlight++)
    const layer = () => Stack.layer({ apiKey: Redacted.make("first"), fetch, pacing: { inFlight: 2 } })
    let dispatched = 0
    const listener: Event.Listener = {
      emit: ({ _tag }) => Effect.sync(() => void (dispatched += _tag === "Dispatched" ? 1 : 0))
    }
    const begin = Effect.provideService(Effect.provide(four, Layer.suspend(layer)), Event.Listener, listener)
    const settled = (least: number) =>
      Effect.yieldNow.pipe(
        Effect.repeat({ until: () => dispatched >= least }),
        Effect.andThen(Effect.repeat(Effect.yieldNow, { times: 100 })),
        Effect.timeout("10 seconds")
      )
    yield* Effect.forkChild(begin)
    yield* settled(2)
    for (let n = 0; n < others; n++) {
      Stack.layer({ apiKey: Redacted.make(`other ${n}`), fetch })
      if (used) layer()
    }
    yield* Effect.forkChild(begin)
    yield* settled(expected)
    return inFlight
  })

describe("the places of a process", () => {
  it.live("are kept for those used last, and forgotten by their number", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* inFlightAfter(63, 2), 2)
      assert.strictEqual(yield* inFlightAfter(64, 4), 4)
      assert.strictEqual(yield* inFlightAfter(200, 2, true), 2)
    })
  )
})

describe("a wrong option", () => {
  const time = 'expected a time longer than zero, such as "90 seconds"'
  const after = 'expected "p95", or a time longer than zero, such as "90 seconds"'
  const table: ReadonlyArray<readonly [message: string, make: () => unknown]> = [
    [`timeout.attempt: ${time}, got -5`, () => Timeout.layer({ attempt: -5 })],
    [`timeout.stall: ${time}, got NaN`, () => Timeout.layer({ stall: Number.NaN })],
    ["timeout.stal: unknown key", () => Timeout.layer({ stal: 5 } as Timeout.Options)],
    ["retry.attempts: expected a whole number ≥ 1, got 0", () => Retry.layer({ attempts: 0 })],
    [`retry.maxWait: ${time}, got "soon"`, () => Retry.layer({ maxWait: "soon" as "1 second" })],
    ["continue.turns: expected a whole number ≥ 1, got 0", () => Continue.layer({ turns: 0 })],
    ["hedge.max: expected a whole number ≥ 1, got 0", () => Hedge.layer({ max: 0 })],
    ["hedge.max: expected a whole number ≥ 1, got Infinity", () => Stack.layerOver({ hedge: { max: Infinity } })],
    ["hedge.max: expected a whole number ≥ 1, got NaN", () => Hedge.layer({ max: Number.NaN })],
    [`hedge.after: ${after}, got 0`, () => Hedge.layer({ after: 0 })],
    [`hedge.after: ${after}, got -5`, () => Stack.layerOver({ hedge: { after: -5 } })],
    [`hedge.after: ${after}, got "p9x"`, () => Hedge.layer({ after: "p9x" as "p95" })],
    [
      'budget: expected a number of US dollars, or { usd, tokens }, got "5"',
      () => Stack.layerOver({ budget: "5" as unknown as number })
    ],
    ["retry.attempts: expected a whole number ≥ 1, got 0", () => Stack.layerOver({ retry: { attempts: 0 } })],
    ["budget: expected a number of US dollars, or { usd, tokens }, got {}", () => Budget.layer({})],
    [
      "budget: expected a number of US dollars, or { usd, tokens }, got null",
      () => Stack.layerOver({ budget: null as never })
    ],
    [
      "timeout.stall: expected at most 60 seconds (attempt), got 20 minutes",
      () => Timeout.layer({ stall: "20 minutes", attempt: 60_000, firstToken: "Infinity" })
    ],
    [
      "retry.maxWait: expected at most 500 millis (within), got 1 second",
      () => Stack.layerOver({ retry: { maxWait: "1 second", within: { milliseconds: 500 } } })
    ],
    [`timeout.stall: ${time}, got "5s"`, () => Timeout.layer({ stall: "5s" as "5 seconds" })],
    [
      "prices.next.outputUsd: expected a price in USD, 0 or more, got NaN",
      () => Stack.layerOver({ prices: { next: { inputUsd: 1, outputUsd: Number.NaN, cacheReadUsd: 0 } } })
    ],
    ["retries: unknown key", () => Stack.layerOver({ retries: {} } as Stack.Options)],
    [
      "pacing.inFlight: expected a whole number ≥ 1, got 0",
      () => Stack.layer({ apiKey: Redacted.make("k"), pacing: { inFlight: 0 } })
    ],
    [
      'pacing.remember: expected true or false, got "no"',
      () => Stack.layerOver({ pacing: { remember: "no" as unknown as boolean } })
    ],
    [`timeout.attempt: ${time}, got 0`, () => Stack.layerConfig({ timeout: { attempt: 0 } })]
  ]
  for (const [message, make] of table) {
    it(`is told where the layer is made: ${message}`, () => {
      assert.throws(make, RangeError, message)
    })
  }

  it.live("is none of these, and the same time in another form is the same process", () =>
    Effect.gen(function* () {
      const book = holding()
      const layer = (attempt: Timeout.Options["attempt"]) =>
        Stack.layer({
          apiKey: Redacted.make("times"),
          fetch: book.fetch,
          pacing: { inFlight: 2 },
          timeout: { attempt },
          retry: undefined
        })
      yield* twice(layer("5 seconds"), layer(5_000_000_000n))
      assert.strictEqual(book.peak, 2)
      yield* twice(layer("5 seconds"), layer("6 seconds"))
      assert.strictEqual(book.peak, 4)
    })
  )
})

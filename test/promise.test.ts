/** The pipeline for scripts without Effect, against the real client and a server on loopback. */
import { assert, describe, it, vi } from "@effect/vitest"
import { Schema } from "effect"
import { AskError, type Event, Research } from "fanfold"
import { fault, latency, mockClaude } from "fanfold/mocks"
import { Ask, run, RunError, Synthesis } from "fanfold/promise"
import { until } from "./cli/Process.ts"

const apiKey = "sk-ant-api03-THE-KEY-that-must-never-be-seen"

/** A Claude that fails the asks which hold `fail`. */
const mock = () => {
  const claude = mockClaude()
  const wrong = fault.other(400, { type: "invalid_request_error", message: "no such thing", shouldRetry: false })
  claude.fault(wrong, { when: { user: "fail", part: "ask" } })
  return claude
}

const rejection = (promise: Promise<unknown>): Promise<any> =>
  promise.then(
    () => assert.fail("it should have been rejected"),
    (error: unknown) => error
  )

/** Runs, and keeps what was said on standard error meanwhile. */
const warnings = async <A>(body: () => Promise<A>) => {
  const said = vi.spyOn(console, "error").mockImplementation(() => {})
  const result = await body()
  // A rejection is told in a turn of its own.
  await new Promise((resolve) => setImmediate(resolve))
  const warned = said.mock.calls.map((words) => words.map(String).join(" "))
  said.mockRestore()
  return { result, warned }
}

describe.concurrent("run", () => {
  it("gives a record of answers for a record of asks, with the document and what it took", async () => {
    const claude = mock()
    await using server = await claude.serve()
    const Count = Schema.Struct({ n: Schema.Finite })
    const { answers, document, durationMillis, estimatedCostUsd, findings, gaps, usage } = await run({
      asks: { a: "How far is the sun?", n: Ask.object("How many?", Count) },
      synthesis: "Fold",
      baseUrl: server.url,
      apiKey
    })
    const text: string = answers.a
    const n: number = answers.n.n
    assert.include(text, "How far is the sun?")
    assert.isNumber(n)
    assert.include(document, "Simulated synthesis of 2 findings.")
    assert.deepStrictEqual(gaps, [])
    assert.deepStrictEqual(
      findings.findings.map(({ name }) => name),
      ["a", "n"]
    )
    assert.strictEqual(
      usage.outputTokens,
      claude.journal.entries.reduce((sum, { outputTokens }) => sum + outputTokens, 0)
    )
    assert.isAbove(estimatedCostUsd!, 0)
    assert.isAtLeast(durationMillis, 0)
  })

  it("gives a list of answers for a list of asks, in the order asked", async () => {
    await using server = await mock().serve()
    const { answers, document } = await run({ asks: ["one?", Ask.text("two?")], baseUrl: server.url, apiKey })
    const [one, two]: readonly [string, string] = answers
    assert.include(one, "one?")
    assert.include(two, "two?")
    assert.isUndefined(document)
  })

  it("decodes the document of a structured synthesis", async () => {
    await using server = await mock().serve()
    const Memo = Schema.Struct({ verdict: Schema.Literals(["go", "wait"]) })
    const synthesis = Synthesis.object("Fold", Memo)
    const { document } = await run({ asks: { a: "one?" }, synthesis, baseUrl: server.url, apiKey })
    const verdict: "go" | "wait" = document.verdict
    assert.include(["go", "wait"], verdict)
  })

  it("leaves gaps where the policy allows them", async () => {
    await using server = await mock().serve()
    const asks = { a: "one?", b: "fail?" }
    const { answers, document, gaps } = await run({
      asks,
      synthesis: "Fold",
      policy: "best-effort",
      baseUrl: server.url,
      apiKey
    })
    const b: string | undefined = answers.b
    assert.isUndefined(b)
    assert.include(document, "**b** has no answer")
    assert.lengthOf(gaps, 1)
    assert.match(gaps[0]!.message, /^invalid request: no such thing \(req_\w+\)$/)
    assert.deepInclude(gaps[0], { name: "b", question: "fail?" })
  })

  it("sends what the defaults say, and the context, where an ask says nothing else", async () => {
    const bodies: Array<any> = []
    const claude = mock()
    const fetch: typeof globalThis.fetch = (url, init) => {
      bodies.push(JSON.parse(init?.body as string))
      return claude.fetch(url, init)
    }
    const asks = { a: "one?", b: Ask.text("two?", { maxTokens: 8 }) }
    const defaults = { maxTokens: 99, model: "claude-opus-5-5" }
    await run({ asks, defaults, context: "The brief.", policy: "best-effort", concurrency: 1, apiKey, fetch })
    assert.deepStrictEqual(
      bodies.map((body) => [body.model, body.max_tokens, body.system[0].text]),
      [
        ["claude-opus-5-5", 99, "The brief."],
        ["claude-opus-5-5", 8, "The brief."]
      ]
    )
  })

  it("tells every event in order, and stamps it with run and ask", async () => {
    await using server = await mock().serve()
    const events: Array<Event.Event> = []
    const { findings } = await run({
      asks: { a: "one?" },
      synthesis: "Fold",
      onEvent: (event) => void events.push(event),
      baseUrl: server.url,
      apiKey
    })
    const one = ["Started", "Dispatched", "Replied", "Answered"]
    const folding = ["Started", "Dispatched", "FirstToken", "Replied", "Answered"]
    assert.deepStrictEqual(
      events.map(({ _tag, ask }) => `${ask} ${_tag}`.trim()),
      ["ResearchStarted", ...one.map((tag) => `a ${tag}`), "ResearchEnded", ...folding.map((tag) => `synthesis ${tag}`)]
    )
    assert.deepStrictEqual([...new Set(events.map(({ run }) => run))], [findings.run])
  })
})

describe("an onEvent that fails", () => {
  const failures: ReadonlyArray<readonly [how: string, onEvent: () => unknown]> = [
    ["throws", () => assert.fail("the listener's own")],
    ["rejects", () => Promise.reject(new Error("the listener's own"))]
  ]
  for (const [how, onEvent] of failures) {
    it(`costs no answer where it ${how}: it is told on, and standard error says so once`, async () => {
      const asks = { a: "one?", b: "two?" }
      let told = 0
      const { result, warned } = await warnings(() =>
        run({ asks, apiKey, fetch: mock().fetch, onEvent: () => (told++, onEvent()) as never })
      )
      assert.hasAllKeys(result.answers, ["a", "b"])
      assert.isAtLeast(told, 10)
      assert.lengthOf(warned, 1)
      assert.match(warned[0]!, /onEvent.*the listener's own/s)
    })
  }
})

describe.concurrent("a run that fails", () => {
  it("rejects with a RunError that keeps the findings and the answers that were paid", async () => {
    await using server = await mock().serve()
    const error = await rejection(
      run({ asks: { a: "one?", b: "fail?", c: "two?" }, concurrency: 1, baseUrl: server.url, apiKey })
    )
    assert.instanceOf(error, RunError)
    assert.strictEqual(error.name, "RunError")
    assert.match(error.message, /^b: invalid request: no such thing .*; 1 of 3 asks answered, 3 needed/)
    assert.include(error.answers.a, "one?")
    assert.deepStrictEqual(
      error.findings.findings.map(({ outcome }: any) => outcome._tag),
      ["Answered", "Failed", "Interrupted"]
    )
    assert.instanceOf(error.cause, Research.ResearchError)
    assert.strictEqual(error.cause.error?.reason._tag, "InvalidRequest")
  })

  it("keeps the answers where only the synthesis failed", async () => {
    const claude = mock()
    claude.fault(fault.forbidden(), { when: { part: "synthesis" } })
    await using server = await claude.serve()
    const error = await rejection(run({ asks: { a: "one?" }, synthesis: "Fold", baseUrl: server.url, apiKey }))
    assert.instanceOf(error, RunError)
    assert.instanceOf(error.cause, AskError.AskError)
    assert.strictEqual(error.cause.reason._tag, "PermissionDenied")
    assert.include(error.answers.a, "one?")
  })

  it("closes every request when the signal aborts, and rejects with the signal's reason", async () => {
    const claude = mock()
    claude.fault(fault.hang())
    await using server = await claude.serve()
    const controller = new AbortController()
    const asks = Array.from({ length: 5 }, (_, index) => `${index}?`)
    const running = rejection(run({ asks, signal: controller.signal, baseUrl: server.url, apiKey }))
    await until(() => claude.journal.inFlight === 5)
    const reason = { why: "enough" }
    controller.abort(reason)
    assert.strictEqual(await running, reason)
    await until(() => claude.journal.inFlight === 0)
    assert.deepStrictEqual([...new Set(claude.journal.entries.map(({ outcome }) => outcome))], ["aborted"])
  })

  it("sends nothing when the signal has aborted before", async () => {
    const claude = mock()
    const signal = AbortSignal.abort()
    const error = await rejection(run({ asks: ["one?"], signal, apiKey, fetch: claude.fetch }))
    assert.strictEqual(error, signal.reason)
    assert.strictEqual(claude.journal.attempts, 0)
  })

  it("says what to do where no key is", async () => {
    const claude = mock()
    const env = { ...process.env }
    delete process.env["ANTHROPIC_API_KEY"]
    delete process.env["ANTHROPIC_AUTH_TOKEN"]
    const errors = [
      await rejection(run({ asks: ["one?"], fetch: claude.fetch })),
      await rejection(run({ asks: ["one?"], apiKey: " ", fetch: claude.fetch }))
    ]
    Object.assign(process.env, env)
    for (const { message } of errors) {
      assert.strictEqual(message, "No key: set ANTHROPIC_API_KEY to your key, or pass apiKey")
    }
    assert.strictEqual(claude.journal.attempts, 0)
  })
})

describe("a wrong argument", () => {
  const asks = { a: "one?" }
  const rule = "expected a name of 1 to 64 letters, digits, _ or - that begins with a letter or _"
  const time = 'expected a time longer than zero, such as "90 seconds"'
  const noOption =
    "unknown key, expected one of asks, synthesis, defaults, signal, onEvent, fetch, apiKey, baseUrl, policy, concurrency, context, continue, retry, pacing, timeout"
  const table: ReadonlyArray<readonly [options: object, message: string]> = [
    [{}, "asks: expected asks by name or in order, got undefined"],
    [{ asks: "one?" }, 'asks: expected asks by name or in order, got "one?"'],
    [{ asks: { a: "one?", b: " " } }, 'asks.b: expected a question that is not empty, got " "'],
    [{ asks: ["one?", 5] }, "asks.1: expected string, got 5"],
    [{ asks: { "a b": "one?" } }, `name: ${rule}, got "a b"`],
    [{ asks, synthesis: "" }, 'synthesis: expected an instruction, Synthesis.text or Synthesis.object, got ""'],
    [{ asks, concurrency: 0 }, "concurrency: expected a whole number ≥ 1, got 0"],
    [{ asks, concurrency: 1.5 }, "concurrency: expected a whole number ≥ 1, got 1.5"],
    [{ asks, policy: { atLeast: 2 } }, "policy: expected at most 1 answers, as many as there are asks, got 2"],
    [{ asks, policy: "some" }, 'policy: expected "all", "best-effort", { atLeast: n } or { first: n }, got "some"'],
    [{ asks, defaults: { maxTokens: 0 } }, "defaults.maxTokens: expected a whole number ≥ 1, got 0"],
    [{ asks, defaults: { timeout: "soon" } }, `defaults.timeout: ${time}, got "soon"`],
    [{ asks, defaults: { timeout: Number.NaN } }, `defaults.timeout: ${time}, got NaN`],
    [
      { asks, defaults: { maxtokens: 9 } },
      "defaults.maxtokens: unknown key, expected one of model, system, maxTokens, effort, stopSequences, webSearch, timeout"
    ],
    [{ asks, pacing: { inFlight: 0 } }, "pacing.inFlight: expected a whole number ≥ 1, got 0"],
    [{ asks, timeout: { attempt: -5 } }, `timeout.attempt: ${time}, got -5`],
    [{ asks, timeout: { stall: -5n } }, `timeout.stall: ${time}, got -5n`],
    [{ asks, timeout: "5 minutes" }, 'timeout: expected options, got "5 minutes"'],
    [
      { asks, retry: { attempts: 0, within: Number.NaN, maxwait: 5 } },
      `retry.maxwait: unknown key, expected one of within, maxWait, attempts\nretry.within: ${time}, got NaN\nretry.attempts: expected a whole number ≥ 1, got 0`
    ],
    [{ asks, retry: { attempts: "5" } }, 'retry.attempts: expected a whole number ≥ 1, got "5"'],
    [{ asks, continue: { turns: 1.5 } }, "continue.turns: expected a whole number ≥ 1, got 1.5"],
    [{ asks, retries: 5 }, `retries: ${noOption}`],
    [{ asks, synthesis: 5 }, "synthesis: expected an instruction, Synthesis.text or Synthesis.object, got 5"],
    [{ asks, context: 5 }, "context: expected text, got 5"],
    [{ asks, onEvent: "log" }, 'onEvent: expected a function, got "log"'],
    [{ asks, onInterrupt: () => {} }, `onInterrupt: ${noOption}`],
    [{ asks, fetch: "fetch" }, 'fetch: expected a function, got "fetch"'],
    [{ asks, signal: {} }, "signal: expected an AbortSignal, got {}"],
    [{ asks, apiKey: [apiKey] }, "apiKey: expected text"]
  ]
  for (const [options, message] of table) {
    it(`rejects with a RangeError before anything is sent: ${message}`, async () => {
      const claude = mock()
      const error = await rejection(run({ apiKey, fetch: claude.fetch, ...options } as any))
      assert.instanceOf(error, RangeError)
      assert.strictEqual(error.message, message)
      assert.strictEqual(claude.journal.attempts, 0)
    })
  }
})

it("rejects where there are no options at all", async () => {
  for (const options of [undefined, null, 5, "one?"]) {
    const error = await rejection(run(options as never))
    assert.instanceOf(error, RangeError)
    assert.match(error.message, /^expected options, got /)
  }
})

it("takes undefined for what is not said, and times in any form", async () => {
  const nothing = {
    synthesis: undefined,
    context: undefined,
    signal: undefined,
    policy: undefined,
    defaults: undefined
  }
  const timeout = { attempt: 5_000_000_000n, stall: { seconds: 5 }, firstToken: undefined }
  const claude = mock()
  const asks = [Ask.text("one?", { maxTokens: undefined as never })]
  const defaults = { maxTokens: 77 }
  const bodies: Array<any> = []
  const fetch: typeof globalThis.fetch = (url, init) => {
    bodies.push(JSON.parse(init?.body as string))
    return claude.fetch(url, init)
  }
  const retry = { within: Number.POSITIVE_INFINITY }
  const { answers } = await run({ ...nothing, asks, timeout, retry, pacing: undefined, defaults, apiKey, fetch })
  assert.lengthOf(answers, 1)
  assert.strictEqual(bodies[0].max_tokens, 77)
})

describe("two runs at once", () => {
  const asks = Array.from({ length: 6 }, (_, index) => `${index}?`)

  it("share one gate where key and place are the same", async () => {
    const claude = mockClaude({ latency: latency.fixed(20) })
    await using server = await claude.serve()
    const options = { asks, pacing: { inFlight: 3 }, baseUrl: server.url, apiKey }
    await Promise.all([run(options), run(options)])
    assert.strictEqual(claude.journal.attempts, 12)
    assert.strictEqual(claude.journal.peakInFlight, 3)
  })

  it("share nothing where they are not", async () => {
    const claude = mockClaude()
    claude.fault(fault.hang())
    await using server = await claude.serve()
    const controller = new AbortController()
    const options = { asks, pacing: { inFlight: 3 }, baseUrl: server.url, signal: controller.signal }
    const runs = [apiKey, `${apiKey}-2`].map((apiKey) => rejection(run({ ...options, apiKey })))
    await until(() => claude.journal.inFlight === 6)
    controller.abort()
    await Promise.all(runs)
  })
})

/** The options of a run for scripts without Effect: what is wrong is told before anything is sent. */
import { assert, describe, it } from "@effect/vitest"
import { Stack } from "fanfold"
import { Ask, run } from "fanfold/promise"
import { apiKey, mock, rejection } from "./Promised.ts"

describe("a wrong argument", () => {
  const asks = { a: "one?" }
  const rule = "expected a name of 1 to 64 letters, digits, _ or - that begins with a letter or _"
  const time = 'expected a time longer than zero, such as "90 seconds"'
  const layers = Object.keys(Stack.Options.fields).join(", ")
  const noOption = `unknown key, expected one of asks, synthesis, defaults, policy, concurrency, context, deadline, signal, onEvent, fetch, apiKey, baseUrl, client, otlp, ${layers}`
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
      "defaults.maxtokens: unknown key, expected one of model, system, maxTokens, effort, stopSequences, webSearch, tools, timeout, votes"
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
    [{ asks, prices: 5 }, "prices: expected prices by model, got 5"],
    [{ asks, prices: { next: { inputUsd: 1 } } }, "prices.next.outputUsd: missing\nprices.next.cacheReadUsd: missing"],
    [{ asks, continue: { turns: 1.5 } }, "continue.turns: expected a whole number ≥ 1, got 1.5"],
    [
      { asks, provider: "bedrock", defaults: { webSearch: true } },
      "defaults.webSearch: Amazon Bedrock has no web search: leave it out, or ask the API itself (provider: anthropic)"
    ],
    [{ asks, retries: 5 }, `retries: ${noOption}`],
    [{ asks, synthesis: 5 }, "synthesis: expected an instruction, Synthesis.text or Synthesis.object, got 5"],
    [{ asks, context: 5 }, "context: expected text, { file: path }, or a list of them, got 5"],
    [{ asks, deadline: 0 }, `deadline: ${time}, got 0`],
    [
      { asks, deadline: {} },
      'deadline: expected a time longer than zero, such as "90 seconds", or { asking, all }, got {}'
    ],
    [
      { asks, deadline: { asking: "5 minutes", all: 1000 } },
      "deadline.asking: expected less than 1 second (all), got 5 minutes"
    ],
    [{ asks, deadline: Number.NaN }, `deadline: ${time}, got NaN`],
    [
      {
        asks,
        deadline: "1 minute",
        retry: { within: "90 seconds", maxWait: "80 seconds" },
        timeout: { attempt: "1 hour" }
      },
      "deadline: expected at least 90 seconds, the shortest timeout (retry.within), got 60 seconds"
    ],
    [
      { asks, deadline: "1 minute", defaults: { timeout: "90 seconds" } },
      "deadline: expected at least 90 seconds, the shortest timeout (asks.a.timeout), got 60 seconds"
    ],
    [
      { asks, timeout: { firstToken: "2 minutes", attempt: "90 seconds" } },
      "timeout.firstToken: expected at most 90 seconds (attempt), got 2 minutes"
    ],
    [
      { asks, budget: 1, defaults: { model: "claude-next" } },
      "asks.a: no budget can bound this: no price is known for the model claude-next: state it in prices"
    ],
    [
      { asks, budget: 0.05, defaults: { model: "claude-opus-5-5", system: "" } },
      "budget: expected at least $0.1857, what one ask may take, got $0.0500: raise it, or lower maxTokens"
    ],
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
  const defaults = { maxTokens: 777 }
  const bodies: Array<any> = []
  const fetch: typeof globalThis.fetch = (url, init) => {
    bodies.push(JSON.parse(init?.body as string))
    return claude.fetch(url, init)
  }
  const retry = { within: Number.POSITIVE_INFINITY }
  const { answers } = await run({ ...nothing, asks, timeout, retry, pacing: undefined, defaults, apiKey, fetch })
  assert.lengthOf(answers, 1)
  assert.strictEqual(bodies[0].max_tokens, 777)
})

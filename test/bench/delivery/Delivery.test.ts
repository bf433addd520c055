/** The counts of `npm run bench -- delivery`, and the mocks whose requests it counts. */
import { assert, describe, it } from "@effect/vitest"
import { fault, type Scenario } from "fanfold/mocks"
import { questionsOf } from "../../../bench/delivery/Job.ts"
import * as Judge from "../../../bench/delivery/Judge.ts"
import { figuresOf, settledAfter } from "../../../bench/delivery/Run.ts"
import * as MockRuns from "../../../bench/harness/MockRuns.ts"

const body = (question: string, model = "claude-haiku-5-5") => ({
  method: "POST",
  headers: {
    authorization: "Bearer of-no-account",
    "anthropic-version": "2026-10-21",
    "content-type": "application/json"
  },
  body: JSON.stringify({ model, max_tokens: 100, messages: [{ role: "user", content: question }] })
})

/** Asks the questions in sequence, and returns the responses, whose bodies have been read. */
const ask = async (mock: MockRuns.MockRun, ...questions: ReadonlyArray<string>) => {
  const responses: Array<Response> = []
  for (const question of questions) {
    const response = await mock.fetch("http://mock/v1/messages", body(question))
    await response.text()
    responses.push(response)
  }
  return responses
}

const always = (scenario: Scenario, omitsLimitHeaders = false): MockRuns.Setup => ({
  phases: [{ fromSeconds: 0, scenario }],
  omitsLimitHeaders
})

const limitsAndRetries = (response: Response) => [...response.headers.keys()].filter((name) => /limit|retry/.test(name))

describe("the mock of a run", () => {
  it("logs requests, from which doubled and wasted answers are counted", async () => {
    const mock = MockRuns.make(always({ faults: [{ fault: fault.overloaded(), times: 1 }] }))
    await ask(mock, "a?", "a?", "b?", "b?")
    await (await mock.fetch("http://mock/v1/messages", body("all of it", "claude-sonnet-5-5"))).text()
    const log = await mock.requestLog()
    const figures = figuresOf({ ...log, isComplete: false, answers: 1, wallMillis: 1 }, { asks: 2, patienceSeconds: 1 })
    assert.deepStrictEqual(figures, {
      attempts: 4,
      limited: 0,
      overloaded: 1,
      aborted: 0,
      paid: 3,
      wasted: 2,
      doubled: 1,
      lost: 1
    })
    assert.strictEqual(log.peakInFlight, 1)
  })

  it("omits the limit headers if configured, and no other header", async () => {
    const scenario = { limits: { rpm: 60, burstSeconds: 1 } }
    const [, complete] = await ask(MockRuns.make(always(scenario)), "a?", "b?")
    const [, reduced] = await ask(MockRuns.make(always(scenario, true)), "a?", "b?")
    assert.deepStrictEqual([complete!.status, reduced!.status], [429, 429])
    assert.isAbove(limitsAndRetries(complete!).length, 10)
    assert.sameMembers(limitsAndRetries(reduced!), ["retry-after", "x-should-retry"])
  })

  it("starts the next phase at its time, counted from the first request", async () => {
    const phases = [
      { fromSeconds: 0, scenario: {} },
      { fromSeconds: 0.05, scenario: { faults: [{ fault: fault.overloaded() }] } }
    ]
    const mock = MockRuns.make({ phases })
    await new Promise((resolve) => setTimeout(resolve, 60))
    const [first] = await ask(mock, "a?")
    await new Promise((resolve) => setTimeout(resolve, 60))
    const [second] = await ask(mock, "a?")
    assert.deepStrictEqual([first!.status, second!.status], [200, 529])
    const { attempts } = await mock.requestLog()
    assert.isAtLeast(attempts[1]!.atMillis, 50)
    assert.strictEqual(attempts[0]!.key, attempts[1]!.key)
  })
})

const every = (millis: number, from: number, until: number) =>
  Array.from({ length: Math.floor((until - from) / millis) }, (_, index) => from + index * millis)

describe("a rate", () => {
  it("counts as followed from the first two seconds that have it", () => {
    assert.strictEqual(settledAfter(every(50, 0, 10_000), 2, 8, 20), 0)
    // No request for a second and a half, then the full rate.
    assert.closeTo(settledAfter(every(50, 3500, 10_000), 2, 8, 20), 1.5, 0.3)
    assert.strictEqual(settledAfter(every(100, 0, 10_000), 2, 8, 20), Number.POSITIVE_INFINITY)
  })
})

describe("a target", () => {
  it("is met by a value that is not above it, and never by NaN", () => {
    const met = [1.1, 1.101, Number.NaN, Number.POSITIVE_INFINITY].map((value) => Judge.atMost("", value, 1.1).isMet)
    assert.deepStrictEqual(met, [true, false, false, false])
    assert.include(Judge.atMost("429s", 0.0175, 0.02, Judge.percent), { target: "≤ 2 %", found: "1.75 %" })
  })
})

describe("the questions of a case", () => {
  it("are all different, with the lengths of the work", () => {
    const questions = questionsOf({ asks: 200, promptTokens: [500, 3000], patienceSeconds: 1 })
    assert.strictEqual(new Set(questions.map(({ text }) => text)).size, 200)
    const tokens = questions.map(({ system }) => system!.length / 4.4)
    assert.isAtLeast(Math.min(...tokens), 499)
    assert.isAtMost(Math.max(...tokens), 3001)
    assert.isAbove(Math.max(...tokens) - Math.min(...tokens), 2400)
  })
})

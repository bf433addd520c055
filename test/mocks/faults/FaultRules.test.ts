import { assert, describe, it } from "@effect/vitest"
import { clock, fault, mockClaude } from "fanfold/mocks"
import { ask, body, post, textOf } from "../ask.ts"

const statuses = async (
  fetch: typeof globalThis.fetch,
  questions: ReadonlyArray<string>
): Promise<ReadonlyArray<number>> => {
  const seen = []
  for (const question of questions) seen.push((await post(fetch, body(question))).status)
  return seen
}

describe("a fault applies", () => {
  it("to the first `times` requests", async () => {
    const claude = mockClaude()
    claude.fault(fault.rateLimit({ retryAfter: 2 }), { times: 2 })
    assert.deepStrictEqual(await statuses(claude.fetch, ["a", "b", "c"]), [429, 429, 200])
  })

  it("to the first `attempts` of every request", async () => {
    const claude = mockClaude()
    claude.fault(fault.overloaded(), { attempts: 1 })
    assert.deepStrictEqual(await statuses(claude.fetch, ["a", "b", "a", "b"]), [529, 529, 200, 200])
  })

  it("with a probability, and only to requests that match", async () => {
    const claude = mockClaude({ seed: 3 })
    claude.fault(fault.serverError(), { probability: 0.2, when: { user: /^odd/ } })
    const odd = await statuses(
      claude.fetch,
      Array.from({ length: 400 }, (_, index) => `odd ${index}`)
    )
    const share = odd.filter((status) => status === 500).length / 400
    assert.isTrue(share > 0.14 && share < 0.26, `${share}`)
    assert.notInclude(
      await statuses(
        claude.fetch,
        Array.from({ length: 50 }, (_, index) => `even ${index}`)
      ),
      500
    )
  })

  it("between two seconds of simulated time", async () => {
    const time = clock.manual(0)
    const claude = mockClaude({ clock: time, timeScale: 1 / 10 })
    claude.fault(fault.overloaded(), { betweenSeconds: [5, 8] })
    const seen = []
    for (let step = 0; step < 10; step++) {
      seen.push((await post(claude.fetch, body(`${step}`))).status)
      await time.advance(100)
    }
    assert.deepStrictEqual(seen, [200, 200, 200, 200, 200, 529, 529, 529, 200, 200])
  })

  it("to the nth request that matches", async () => {
    const claude = mockClaude()
    claude.fault(fault.unavailable(), { when: { nth: 2 } })
    assert.deepStrictEqual(await statuses(claude.fetch, ["a", "b", "c"]), [200, 503, 200])
  })

  it("without counting a use of the registered reply", async () => {
    const claude = mockClaude()
    claude.fault(fault.overloaded(), { times: 1 })
    claude.when({ user: "capital" }).reply("Paris").once()
    await post(claude.fetch, body("capital?"))
    assert.strictEqual(textOf(await ask(claude.fetch, "capital?")), "Paris")
    assert.include(textOf(await ask(claude.fetch, "capital?")), "Simulated")
  })
})

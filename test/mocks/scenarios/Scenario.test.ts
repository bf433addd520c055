import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { parse as parseYaml } from "yaml"
import { mockClaude, Scenario } from "fanfold/mocks"
import { ask, textOf } from "../ask.ts"

describe("a scenario", () => {
  it("can be read from YAML, with replies, latency, limits, faults and seed", async () => {
    const scenario = Schema.decodeUnknownSync(Scenario)(
      parseYaml(`
seed: 5
timeScale: 0
latency: { lognormal: { firstTokenMillis: 500, sigma: 0.3, perTokenMillis: 10 } }
limits: { rpm: 3 }
faults:
  - fault: { kind: status, status: 529, type: overloaded_error, message: Overloaded }
    when: { user: "/fail/" }
    times: 1
replies:
  - when: { user: capital }
    reply: Paris
  - when: { user: json }
    reply: { verdict: wait }
`)
    )
    const claude = mockClaude({ scenario })
    assert.strictEqual(textOf(await ask(claude.fetch, "The Capital?")), "Paris")
    assert.strictEqual((await ask(claude.fetch, "fail")).error.type, "overloaded_error")
    assert.strictEqual(textOf(await ask(claude.fetch, "json")), '{"verdict":"wait"}')
    await ask(claude.fetch, "third")
    assert.strictEqual((await ask(claude.fetch, "fourth")).error.type, "rate_limit_error")
    assert.isAbove(claude.journal.entries[0]!.plannedMillis, 300)
  })

  it("rejects unknown keys and faults", () => {
    const decode = Schema.decodeUnknownSync(Scenario, { onExcessProperty: "error" })
    assert.throws(() => decode({ repliez: [] }), /repliez/)
    assert.throws(() => decode({ faults: [{ fault: { kind: "earthquake" } }] }))
  })
})

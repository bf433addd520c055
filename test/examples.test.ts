/** Every example runs as it stands: plans offline, scripts against a server on loopback. */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { examples, mockClaude } from "fanfold/mocks"
import { parse } from "yaml"
import { fanfold, node, reaching, root } from "./cli/Process.ts"

const folder = join(root, "examples")
const plans = globSync("*.yaml", { cwd: folder }).filter((file) => file !== "scenario.yaml")
const scripts = globSync("*.ts", { cwd: folder }).filter((file) => !file.endsWith(".test.ts"))

/** What each answer brings to the document, so that a lost answer shows. */
const brought: Readonly<Record<string, Readonly<Record<string, RegExp>>>> = {
  "travel-guide.yaml": { attractions: /Jerónimos/, transportation: /tram|metro/i, culture: /fado/i },
  "market-research.yaml": {
    market: /per cent|%|billion/i,
    rivals: /Daikin|Vaillant|Bosch|Viessmann|NIBE/i,
    rules: /regulation|rule|directive/i
  },
  "contract-review.yaml": {
    termination: /36 months/,
    liability: /indemni/i,
    fees: /18,000 euros/,
    data: /aggregated/,
    disputes: /Dublin/
  },
  "tech-evaluation.yaml": { postgres: /SKIP LOCKED|PostgreSQL/i, redis: /Redis/i, kafka: /Kafka/i }
}

describe.concurrent("an example plan", { timeout: 60_000 }, () => {
  it("is among those that this test knows", () => {
    assert.sameMembers(plans, Object.keys(brought))
  })

  for (const plan of plans) {
    it(`runs offline, and every answer shows in its document: ${plan}`, async () => {
      const { asks } = parse(readFileSync(join(folder, plan), "utf8"))
      const [run, json] = await Promise.all([
        fanfold(["run", plan, "--offline"], { cwd: folder, hurried: true }),
        fanfold(["run", plan, "--offline", "--json", "--quiet"], { cwd: folder, hurried: true })
      ])
      assert.deepStrictEqual([run.code, json.code], [0, 0], run.stderr)
      assert.match(run.stdout, /^# \w/)
      assert.notMatch(run.stdout, /Simulated (answer|synthesis)/, "an example has written answers")
      assert.hasAllKeys(brought[plan]!, Object.keys(asks))
      const { answers } = JSON.parse(json.stdout)
      for (const [name, pattern] of Object.entries(brought[plan]!)) {
        assert.match(answers[name], pattern)
        assert.match(run.stdout, pattern)
        assert.isTrue(
          answers[name]
            .split(/(?<=[.!?])\s+/)
            .some((sentence: string) => sentence.length > 40 && run.stdout.includes(sentence)),
          `a sentence of ${name} stands in the document`
        )
      }
    })
  }
})

describe.concurrent("an example script", { timeout: 60_000 }, () => {
  const said: Readonly<Record<string, RegExp>> = {
    "delivery-layer.ts": /shade.* \d+ ms the second time/s,
    "promise.ts": /^# Lisbon/,
    "quickstart.ts": /verdict/,
    "travel-guide.ts": /^# Lisbon/
  }

  it("is among those that this test knows", () => {
    assert.sameMembers(scripts, Object.keys(said))
  })

  for (const script of scripts) {
    it(`runs against a server: ${script}`, async () => {
      const claude = mockClaude({ scenario: examples })
      await using server = await claude.serve()
      const { code, stderr, stdout } = await node(join(folder, script), [], { env: reaching(server) }).ended
      assert.strictEqual(code, 0, stderr)
      assert.match(stdout, said[script]!)
      assert.notInclude(stderr, "offline")
      // Three asks, the comparison of their answers, and the document.
      assert.strictEqual(claude.journal.attempts, script === "delivery-layer.ts" ? 2 : 5)
    })
  }

  it("runs without a key where it says so: travel-guide.ts", async () => {
    const { code, stderr, stdout } = await node(join(folder, "travel-guide.ts"), [], { hurried: true }).ended
    assert.strictEqual(code, 0, stderr)
    assert.match(stdout, said["travel-guide.ts"]!)
    assert.include(stderr, "offline: simulated answers")
  })

  for (const script of scripts.filter((script) => script !== "travel-guide.ts")) {
    it(`says which variable it needs: ${script}`, async () => {
      const { code, stderr, stdout } = await node(join(folder, script), []).ended
      assert.notStrictEqual(code, 0)
      assert.include(stderr + stdout, "ANTHROPIC_API_KEY")
    })
  }
})

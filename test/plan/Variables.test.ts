/** Variables in the texts of a plan, by what a plan becomes and what is told of it. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as PlanFile from "../../src/plan/PlanFile.ts"

const read = (text: string, flags?: Readonly<Record<string, string>>, file: Readonly<Record<string, string>> = {}) =>
  PlanFile.read("plan.yaml", text, ".", { variables: flags && { flags, file } }).pipe(
    Effect.provide(NodeServices.layer)
  )

const issuesOf = (text: string, flags?: Readonly<Record<string, string>>) =>
  Effect.map(Effect.flip(read(text, flags)), ({ message }) => message.split("\n"))

describe("variables", () => {
  it.effect("stand in questions, system, context and instruction, and doubled braces are braces", () =>
    Effect.gen(function* () {
      const plan = yield* read(
        `vars: { city: Lisbon, year: 2027, both: "{city} {year}" }
system: As of {year}.
context: "About {city}"
asks:
  a: 'What of {both}, as {{"a": 1}}?'
  b: { question: "And { city }?", system: "{year}" }
synthesis: { instruction: "Fold {city}", system: "{both}" }`
      )
      assert.strictEqual(plan.asks["a"]?.question, 'What of Lisbon 2027, as {"a": 1}?')
      assert.strictEqual(plan.asks["a"]?.options.system, "As of 2027.")
      assert.deepStrictEqual([plan.asks["b"]?.question, plan.asks["b"]?.options.system], ["And Lisbon?", "2027"])
      assert.deepStrictEqual([plan.context, plan.synthesis?.instruction], ["About Lisbon", "Fold Lisbon"])
      assert.strictEqual(plan.synthesis?.options.system, "Lisbon 2027")
    })
  )

  it.effect("of the command line win over those of a file, and these over the plan's, and their braces are text", () =>
    Effect.gen(function* () {
      const text = 'vars: { a: 1, b: 2, c: 3 }\nasks: { q: "{a} {b} {c}" }'
      const { asks } = yield* read(text, { a: "{b}" }, { a: "file", b: "file" })
      assert.strictEqual(asks["q"]?.question, "{b} file 3")
    })
  )

  it.effect("are none in a plan that has no vars: its braces are text", () =>
    Effect.gen(function* () {
      const { asks, context } = yield* read(`context: '{"a": {{x}}}'\nasks: { q: "Is {city} in {{ }} or { valid?" }`)
      assert.deepStrictEqual([context, asks["q"]?.question], ['{"a": {{x}}}', "Is {city} in {{ }} or { valid?"])
    })
  )

  it.effect("stand in a list of asks, whose issues have their place in the list", () =>
    Effect.gen(function* () {
      const { asks } = yield* read("vars: { a: 1 }\nasks:\n  - What of {a}?\n  - { id: own, question: '{a}?' }")
      assert.deepStrictEqual(
        Object.entries(asks).map(([name, { question }]) => [name, question]),
        [
          ["q1", "What of 1?"],
          ["own", "1?"]
        ]
      )
      assert.deepStrictEqual(
        yield* issuesOf(
          "vars: { a: 1 }\nasks:\n  - fine\n  - What of {b}?\n  - { id: own, question: x, maxTokens: y }"
        ),
        ["plan.yaml:4:5 asks.1: {b} names no variable; near: a"].concat(
          'plan.yaml:5:29 asks.own.maxTokens: expected a whole number ≥ 1, got "y"'
        )
      )
    })
  )

  it.effect("that are wrong are all told of, each with its place", () =>
    Effect.gen(function* () {
      const text = `vars: { city: Lisbon, a: "{b}", b: "{a}", c: [1], "d}": x }
asks:
  one: What of {citty}?
  two: 'As {"a": 1}?'
  three: "A { alone"
synthesis: "{nothing like it}"`
      assert.deepStrictEqual(yield* issuesOf(text), [
        "plan.yaml:1:23 vars.a: is used in its own value: {a} → {b} → {a}",
        "plan.yaml:1:43 vars.c: expected text, a number, true or false",
        "plan.yaml:1:51 vars.d}: expected a name without braces and without blanks around it",
        "plan.yaml:3:3 asks.one: {citty} names no variable; near: city",
        'plan.yaml:4:3 asks.two: {"a": 1} names no variable: write {{ and }} for braces',
        "plan.yaml:5:3 asks.three: { (character 3) names no variable: write {{ and }} for braces",
        "plan.yaml:6:1 synthesis: {nothing like it} names no variable; there are city, a, b, c, d}"
      ])
    })
  )

  it.effect("of the command line that nothing uses are an error, with what is near", () =>
    Effect.map(issuesOf('vars: { city: Lisbon }\nasks: { a: "{city}?" }', { citi: "x" }), (issues) =>
      assert.deepStrictEqual(issues, [
        "plan.yaml:1:1 --var citi: nothing in the plan uses it: {citi} names no variable; near: city"
      ])
    )
  )

  it.effect("of the command line that no text of rows uses are an error, too", () =>
    Effect.gen(function* () {
      const rows = 'asks: { from: no.csv, name: "{id}", question: "What is {company}?" }'
      assert.deepStrictEqual(yield* issuesOf(rows, { compny: "x" }), [
        "plan.yaml:1:1 --var compny: nothing in the plan uses it: {compny} names no variable; near: company"
      ])
    })
  )

  it.effect("in doubled braces, as other tools have them, are told of", () =>
    Effect.map(read('vars: { city: Lisbon }\nasks: { a: "{city} and {{city}}?" }'), ({ asks, notices }) => {
      assert.strictEqual(asks["a"]?.question, "Lisbon and {city}?")
      assert.deepStrictEqual(notices.map(PlanFile.toText), [
        "plan.yaml:2:9 asks.a: {{city}} is the text {city}: the variable is {city}"
      ])
    })
  )
})

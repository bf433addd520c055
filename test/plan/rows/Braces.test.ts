/** Braces in questions that rows bring, and in the cells of rows, where there are variables. */
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import * as PlanFile from "../../../src/plan/PlanFile.ts"
import * as Template from "../../../src/plan/Template.ts"
import { folders } from "../../cli/Process.ts"

const folder = folders()

const fill = (text: string) =>
  Result.merge(Template.fillForeign(text, { topic: "heat", "Company name": "Acme", a: "{b}" }))

describe("a question that a file brings, where there are variables,", () => {
  const rows: ReadonlyArray<readonly [text: string, filled: string]> = [
    ["Research {topic} and { topic }", "Research heat and heat"],
    ["{Company name}: {a}", "Acme: {b}"],
    ['Give {"a": 1} of {topic}', 'Give {"a": 1} of heat'],
    ['{"x":{"y":{"z":[{}, { }]}}} {topic}', '{"x":{"y":{"z":[{}, { }]}}} heat'],
    ['{\n "x": {\n "y": "{topic}"}}', '{\n "x": {\n "y": "heat"}}'],
    ["{1} {1,2} {x: 1} $\\sqrt{2}$ :} {", "{1} {1,2} {x: 1} $\\sqrt{2}$ :} {"],
    ["{{topic}} is {topic}", "{topic} is heat"],
    ['{{"x": {{"y": 1}}}}', '{"x": {"y": 1}}'],
    ['{"x": "{{topic}}"}', '{"x": "{topic}"}'],
    ["{topik}", "{topik} names no variable; near: topic; write {{ and }} for braces"],
    ["{tpoic}", "{tpoic} names no variable; near: topic; write {{ and }} for braces"],
    ['{"x": {size}}', "{size} names no variable; there are topic, Company name, a; write {{ and }} for braces"]
  ]
  for (const [text, filled] of rows) it(`is ${filled}`, () => assert.strictEqual(fill(text), filled))
})

describe("the cells of rows", () => {
  it.effect("are text where a question of the plan names them, and have variables where they are the question", () =>
    Effect.gen(function* () {
      const cwd = folder({ "a.csv": 'id,prompt\nx,"Give {""tone"": 1} in {tone}, {tonee} and {{tone}}"\n' })
      const ask = (asks: object) =>
        PlanFile.read("plan.json", JSON.stringify({ asks: { from: "a.csv", ...asks } }), cwd, {
          variables: { flags: { tone: "verse" }, file: {} }
        }).pipe(Effect.provide(NodeServices.layer))
      const { asks } = yield* ask({ question: "As {tone}: {prompt}" })
      assert.strictEqual(asks["x"]?.question, 'As verse: Give {"tone": 1} in {tone}, {tonee} and {{tone}}')
      const { message } = yield* Effect.flip(ask({}))
      assert.include(message, "a.csv:2:1 {tonee} names no variable; near: tone")
    })
  )
})

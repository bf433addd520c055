/** What is wrong with a plan file in JSON, told with its place. */
import { describe } from "@effect/vitest"
import { count, noPlanKey, tell } from "./PlanText.ts"

describe("a wrong plan in JSON is told of", () => {
  tell("plan.json", [
    [
      "every issue at once, in the order of the file",
      '{\n\t"policy": { "first": 3 },\n\t"asks": {\n\t\t"a": "",\n\t\t"b": { "question": "x", "maxTokens": "many" }\n\t},\n\t"modle": "y",\n\t"context": { "file": "none.md" }\n}',
      "2:14 policy.first: expected at most 2, as many as there are asks, got 3",
      '4:3 asks.a: expected a question that is not empty, got ""',
      `5:27 asks.b.maxTokens: ${count}, got "many"`,
      `7:2 modle: ${noPlanKey}`,
      "8:15 context.file: none.md: no such file"
    ],
    ["a name that stands there twice", '{ "asks": { "a": "x", "a": "y" } }', "1:23 this key stands here twice"],
    ["broken syntax", '{ "asks": { "a": "x"', "1:21 Flow map must end with a }"]
  ])
})

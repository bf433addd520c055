/** What is wrong with a plan file in TOML, told with its place. */
import { describe } from "@effect/vitest"
import { count, noPlanKey, tell } from "./PlanText.ts"

describe("a wrong plan in TOML is told of", () => {
  tell("plan.toml", [
    [
      "every issue at once, in the order of the file",
      'modle = "y"\ncontext = { file = "none.md" }\npolicy.atLeast = 9\n\n[asks]\na = ""\nb = { question = "x", maxTokens = "many" }\n\n[asks.c]\nquestion = 5\n\n[retry]\nattempts = 0\n',
      `1:1 modle: ${noPlanKey}`,
      "2:13 context.file: none.md: no such file",
      "3:1 policy.atLeast: expected at most 3, as many as there are asks, got 9",
      '6:1 asks.a: expected a question that is not empty, got ""',
      `7:23 asks.b.maxTokens: ${count}, got "many"`,
      "10:1 asks.c.question: expected string, got 5",
      `13:1 retry.attempts: ${count}, got 0`
    ],
    [
      "nothing at all",
      "# later\n",
      "1:1 asks: missing; a plan has asks by name, such as asks: { market: How large is it? }"
    ],
    [
      "a key that would be lost",
      '[asks]\n__proto__ = "x"\na = { "__proto__".b = 1 }\n[retry.__proto__]\nattempts = 1',
      "2:1 __proto__ cannot be a key here",
      "3:7 __proto__ cannot be a key here",
      "4:8 __proto__ cannot be a key here"
    ],
    [
      "a text that the parser cannot hold",
      `[asks]\na = "${"word ".repeat(60_000)}"`,
      "1:1 TOML is read here up to about 100,000 characters a text, and not nested too deeply: write the plan in YAML, or name the file of a long context: { file = name }"
    ],
    ["a name that stands there twice", '[asks]\na = "x"\na = "y"', "3:1 Defining a key multiple times is invalid"],
    ["broken syntax", '[asks]\na = "x', "2:7 Unterminated string constant"]
  ])
})

/** A budget in a plan that is wrong, or that cannot work, told with its place. */
import { describe } from "@effect/vitest"
import { tell } from "./PlanText.ts"

const asks = "asks: { one: { question: Why?, maxTokens: 20000 }, two: { question: How? } }\n"
const plan = (more: string) => `${asks}synthesis: { instruction: Fold., maxTokens: 1000 }\n${more}\n`

describe("a budget of a plan", () => {
  tell("plan.yaml", [
    ["that is negative", plan("budget: -1"), "3:1 budget: expected a number of US dollars, more than 0, got -1"],
    ["that is no number", plan("budget: .nan"), "3:1 budget: expected a number of US dollars, more than 0, got NaN"],
    ["without limit", plan("budget: .inf"), "3:1 budget: expected a number of US dollars, more than 0, got Infinity"],
    [
      "of no dollars",
      plan("budget: { usd: 0 }"),
      "3:11 budget.usd: expected a number of US dollars, more than 0, got 0"
    ],
    ["of half a token", plan("budget: { tokens: 0.5 }"), "3:11 budget.tokens: expected a whole number ≥ 1, got 0.5"],
    ["in euros", plan("budget: { euro: 5 }"), "3:11 budget.euro: unknown key, expected one of usd, tokens"],
    ["of nothing", plan("budget: {}"), "3:1 budget: expected a number of US dollars, or { usd, tokens }, got {}"],
    ["in words", plan("budget: much"), '3:1 budget: expected a number of US dollars, or { usd, tokens }, got "much"'],
    [
      "that is too small for one ask and the synthesis",
      plan("budget: 0.0001"),
      "3:1 budget: expected at least $0.0452, what one ask and the synthesis may take, got $0.00010: raise it, or lower maxTokens"
    ],
    [
      "in tokens that is too small",
      plan("budget: { tokens: 100 }"),
      "3:1 budget: expected at least 17890 tokens, what one ask and the synthesis may take, got 100 tokens: raise it, or lower maxTokens"
    ],
    [
      "beside models of which the plan states the prices of some",
      `prices: { claude-next: { inputUsd: 1, outputUsd: 1, cacheReadUsd: 1 } }\nmodel: claude-next\n${plan("budget: 1")}`.replace(
        "Fold.,",
        "Fold., model: claude-last,"
      ),
      "4:1 synthesis: no budget can bound this: no price is known for the model claude-last: state it in prices"
    ],
    [
      "beside a foldModel without a price",
      plan("budget: 1").replace("Fold.,", "Fold., foldModel: claude-last,"),
      "2:34 synthesis.foldModel: no budget can bound this: no price is known for the model claude-last: state it in prices"
    ],
    [
      "beside models whose price nobody knows",
      `model: claude-next\n${plan("budget: 1")}`,
      "2:9 asks.one: no budget can bound this: no price is known for the model claude-next: state it in prices",
      "2:52 asks.two: no budget can bound this: no price is known for the model claude-next: state it in prices"
    ],
    [
      "that is too small at the prices that the plan states",
      `prices: { claude-next: { inputUsd: 0, outputUsd: 100, cacheReadUsd: 0 } }\nmodel: claude-next\n${asks}budget: 0.1\n`,
      "4:1 budget: expected at least $0.4096, what one ask may take, got $0.1000: raise it, or lower maxTokens"
    ],
    [
      "beside a model to go on to whose price nobody knows",
      `asks: { one: Why? }\nsynthesis: { instruction: Fold., model: [claude-haiku-5-5, claude-next] }\nbudget: 1\n`,
      "2:1 synthesis: no budget can bound this: no price is known for the model claude-next: state it in prices"
    ]
  ])
})

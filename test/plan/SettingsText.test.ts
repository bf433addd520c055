/** What a page says that a plan and its flags set. */
import { assert, it } from "@effect/vitest"
import { Duration } from "effect"
import { Synthesis } from "fanfold"
import type { Prepared } from "../../src/plan/Plan.ts"
import { settingsOf } from "../../src/plan/SettingsText.ts"

it("names what is set by its plan key, as a plan writes it, without texts and addresses", () => {
  const plan: Prepared = {
    asks: {},
    policy: "all",
    concurrency: 3,
    context: undefined,
    synthesis: Synthesis.text("Fold.", { system: "SECRET", model: ["a", "b"], timeout: "2 minutes" }),
    deadline: { asking: Duration.minutes(10) },
    otlp: { url: "http://me:SECRET@127.0.0.1" },
    layers: {
      journal: { file: "postgres://me:SECRET@db.example/f" },
      reuse: "always",
      retry: { within: Duration.seconds(20) },
      timeout: { attempt: Duration.minutes(3) },
      hedge: {},
      budget: { usd: 2 }
    }
  }
  const settings = settingsOf(plan)
  assert.deepStrictEqual(settings, {
    "deadline.asking": "10 minutes",
    reuse: "always",
    "retry.within": "20 seconds",
    "timeout.attempt": "3 minutes",
    hedge: "on",
    "budget.usd": "2",
    "synthesis.model": "a, b",
    "synthesis.maxTokens": settings["synthesis.maxTokens"]!,
    "synthesis.timeout": "2 minutes"
  })
})

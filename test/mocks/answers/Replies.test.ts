import { assert, describe, it } from "@effect/vitest"
import { mockClaude } from "fanfold/mocks"
import { ask, textOf } from "../ask.ts"

describe("registered replies", () => {
  it("are selected by user text, system, model and nth call, in the order of their registration", async () => {
    const claude = mockClaude()
    claude.when({ user: /capital/, nth: 2 }).reply("second")
    claude.when({ user: "CAPITAL", model: "sonnet" }).reply("sonnet's")
    claude.when({ system: "/^be brief/i" }).reply("brief")
    claude
      .when({ user: /capital/g })
      .reply("once")
      .once()
    claude.when({ user: /capital/ }).reply("always")
    const seen = []
    for (const more of [{}, {}, {}, { model: "claude-sonnet-5" }, { system: "Be brief." }]) {
      seen.push(textOf(await ask(claude.fetch, "The capital?", more)))
    }
    assert.deepStrictEqual(seen, ["once", "second", "always", "sonnet's", "brief"])
  })
})

/** Trees of folds in scripts without Effect: the document is made of all answers, and the report has each fold. */
import { assert, describe, it } from "@effect/vitest"
import { run, Synthesis } from "fanfold/promise"
import { apiKey, mock } from "./Promised.ts"

const asks = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`q${n}`, `What is ${n}?`]))

describe("a run with more answers than one request reads", () => {
  it("folds them level by level, by the foldModel below the document", async () => {
    const claude = mock()
    for (const name of Object.keys(asks)) claude.when({ part: "ask", user: asks[name]! }).reply(`${name} is 1.`)
    await using server = await claude.serve()
    const synthesis = Synthesis.text("Write.", { fanIn: 3, foldModel: "claude-opus-5-5", contradictions: "off" })
    const { document, spent } = await run({ asks, synthesis, baseUrl: server.url, apiKey })
    for (const name of Object.keys(asks)) assert.include(document, `${name} is 1`)
    const folds = Object.values(spent.folds ?? {})
    assert.deepStrictEqual(
      folds.map(({ level }) => level),
      [1, 1, 1, 1, 2, 2]
    )
    assert.deepStrictEqual(
      folds.filter(({ level }) => level === 1).flatMap(({ asks }) => asks),
      Object.keys(asks)
    )
    assert.deepStrictEqual([...new Set(folds.map(({ model }) => model))], ["claude-opus-5-5"])
    assert.strictEqual(spent.synthesis?.model, "claude-sonnet-5-5")
    assert.strictEqual(claude.journal.attempts, 17)
  })
})

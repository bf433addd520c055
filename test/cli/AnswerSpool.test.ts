/** The file in which the answers of rows wait until the run ends. */
import { readdirSync } from "node:fs"
import { tmpdir } from "node:os"
import { NodeServices } from "@effect/platform-node"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { folderWith } from "../documents/Files.ts"
import * as AnswerSpool from "../../src/cli/AnswerSpool.ts"

const temporary = (folder: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const { TMPDIR: before } = process.env
      process.env["TMPDIR"] = folder
      return before
    }),
    (before) =>
      Effect.sync(() => {
        if (before === undefined) delete process.env["TMPDIR"]
        else process.env["TMPDIR"] = before
      })
  )

it.effect.skipIf(process.platform === "win32")("has no name, so that a process which is killed leaves none", () =>
  Effect.gen(function* () {
    const folder = folderWith({})
    yield* temporary(folder)
    assert.strictEqual(tmpdir(), folder)
    const spool = yield* AnswerSpool.make(2)
    const long = { name: "b", cells: {}, value: "x".repeat(300_000) }
    spool.add(1, long)
    spool.add(0, { name: "a", cells: { id: "1" }, value: "Yes" })
    assert.deepStrictEqual(readdirSync(folder), [])
    assert.deepStrictEqual(spool.at(1), long)
    assert.deepStrictEqual(spool.at(0), { name: "a", cells: { id: "1" }, value: "Yes" })
    assert.isUndefined(spool.failure())
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
)

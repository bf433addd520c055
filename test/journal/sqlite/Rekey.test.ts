/** Answers that a version of fanfold with other keys has kept are found. */
import { DatabaseSync } from "node:sqlite"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { Ask, Research, Stack } from "fanfold"
import * as RequestKey from "../../../src/journal/RequestKey.ts"
import { addKeys } from "../../../src/journal/sqlite/Rekey.ts"
import { make, questionOf, reply } from "../../FakeClaude.ts"
import { journalFiles, pass, run } from "../Journaled.ts"

const newFile = journalFiles()

const text = "Some context that is long enough to be a text of its own. ".repeat(10)
const asks = Object.fromEntries(
  Array.from({ length: 12 }, (_, i) => [`n${i}`, Ask.text(`${i} ${text}`, { system: i % 2 === 0 ? text : "" })])
)

/** A journal as an older version leaves it: its keys are of version 0, and made in another way. */
const older = Effect.gen(function* () {
  const file = newFile()
  yield* pass(run(file, make(), asks))
  const database = new DatabaseSync(file)
  database.exec("UPDATE request_key SET version = 0, key = 'old ' || key")
  return { file, database }
})

describe("a journal of a version with other keys", () => {
  it.effect("answers all that it has", () =>
    Effect.gen(function* () {
      const { database, file } = yield* older
      database.close()
      const claude = make()
      yield* pass(run(file, claude, asks, { reuse: "always" }))
      assert.lengthOf(claude.sent, 0)
    })
  )

  it.effect("answers the second try of an answer that did not fit", () =>
    Effect.gen(function* () {
      const file = newFile()
      const asked = (claude: ReturnType<typeof make>) =>
        Research.run({ rating: Ask.object("Rate it", Schema.Struct({ stars: Schema.Int })) }).pipe(
          Effect.provide(Stack.layerOver({ journal: { file }, reuse: "always" }).pipe(Layer.provide(claude.layer))),
          pass
        )
      yield* asked(make((_, nth) => Effect.succeed(reply(nth === 1 ? "{}" : `{"stars":4}`))))
      const database = new DatabaseSync(file)
      database.exec("UPDATE request_key SET version = 0, key = 'old ' || key")
      database.close()
      const claude = make()
      assert.deepStrictEqual((yield* asked(claude)).answers, { rating: { stars: 4 } })
      assert.lengthOf(claude.sent, 0)
    })
  )

  it.effect("keeps the keys of both, so that both find their answers", () =>
    Effect.gen(function* () {
      const { database } = yield* older
      const before = database.prepare("SELECT * FROM request_key").all()
      addKeys(
        database,
        (request, others) => ({
          ...RequestKey.of(request, others),
          key: `${request.model} ${questionOf(request)}`
        }),
        2
      )
      const rows = database.prepare("SELECT * FROM request_key ORDER BY version").all()
      assert.deepStrictEqual(rows.slice(0, before.length), before)
      assert.lengthOf(rows, 2 * before.length)
      const keys = rows.slice(before.length).map(({ key }) => String(key))
      for (let i = 0; i < 12; i++) assert.isTrue(keys.some((key) => key.endsWith(`${i} ${text}`)))
      database.close()
    })
  )

  it.effect("leaves a request that cannot be read, and gives the others their keys", () =>
    Effect.gen(function* () {
      const { database, file } = yield* older
      database.exec(
        `UPDATE request SET json = '{"models":[]' WHERE id = 1; UPDATE request SET json = 'null' WHERE id = 2`
      )
      database.close()
      const claude = make()
      yield* pass(run(file, claude, asks, { reuse: "always" }))
      assert.deepStrictEqual(
        claude.sent.map(({ call }) => call.ask),
        ["n0", "n1"]
      )
    })
  )
})

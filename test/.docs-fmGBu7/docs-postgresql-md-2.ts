import { Config, Effect } from "effect"
import { Ask, Research, Stack } from "fanfold"
import * as Postgres from "fanfold/postgres"

const program = Effect.gen(function* () {
  const url = yield* Config.Redacted("JOURNAL_URL")
  yield* Postgres.init(url, "runner")
  const claude = Stack.layerConfig({ journal: Postgres.journal(url), reuse: "7 days" })
  return yield* Research.run({ shade: Ask.text("What grows in shade?") }).pipe(Effect.provide(claude))
})
console.log((await Effect.runPromise(program)).answers.shade)

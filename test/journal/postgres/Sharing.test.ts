/** What the stacks of programs share where their journal is in a real PostgreSQL. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { Ask, Stack } from "fanfold"
import { mockClaude } from "fanfold/mocks"
import { init } from "../../../src/journal/OpenJournal.ts"
import { isInstalled, server } from "../../Postgres.ts"

const postgres = server()

/** What the rows of the register are of. */
const kinds = (rows: ReadonlyArray<ReadonlyArray<string>>) => rows.map(([name]) => name!.split(" ")[0])

describe.skipIf(!isInstalled)("programs with a journal in a database", () => {
  it.live(
    "share the budget of their run and the limits of their account, which other runs of the process share too",
    () =>
      Effect.gen(function* () {
        const url = postgres().newDatabase()
        yield* init(url)
        const claude = mockClaude()
        const mock = yield* Effect.acquireRelease(
          Effect.promise(() => claude.serve()),
          (mock) => Effect.promise(() => mock[Symbol.asyncDispose]())
        )
        const shared = () =>
          postgres()
            .sql("SELECT name, member FROM fanfold.shared ORDER BY name", url.split("/").at(-1))
            .trim()
            .split("\n")
            .map((line) => line.split("|"))
        const asked = (options: { readonly baseUrl?: string; readonly fetch?: typeof fetch }) =>
          Ask.text("why?").pipe(
            Effect.andThen(Effect.sync(shared)),
            Effect.provide(
              Stack.layer({
                apiKey: Redacted.make("sk-shared"),
                journal: { file: url },
                reuse: "never",
                budget: 1,
                pacing: { remember: false },
                ...options
              })
            )
          )
        const [first, second] = yield* Effect.forEach([1, 2], () => asked({ baseUrl: mock.url }))
        assert.deepStrictEqual(kinds(first!), ["budget", "limits"])
        assert.deepStrictEqual(kinds(second!), ["budget", "budget", "limits"])
        assert.deepStrictEqual(second!.at(-1), first!.at(-1))
        assert.notInclude(JSON.stringify(second), "sk-shared")
        const replaced = yield* asked({ fetch: claude.fetch })
        assert.lengthOf(new Set(replaced.filter(([name]) => name!.startsWith("limits")).map(([, member]) => member)), 1)
      })
  )
})

/** The homes that a journal may have: what is tested of one is tested of all. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe } from "@effect/vitest"
import { Effect } from "effect"
import { init } from "../../src/journal/OpenJournal.ts"
import { isInstalled, server } from "../Postgres.ts"

export interface Home {
  readonly name: "SQLite" | "PostgreSQL"
  /** The place of a journal in which nothing is. */
  readonly newPlace: Effect.Effect<string>
}

/** Runs tests once for each home that this machine has. */
export const eachHome = (title: string, tests: (home: Home) => void): void => {
  describe(`${title}, in SQLite`, () => {
    const base = mkdtempSync(join(tmpdir(), "fanfold-journal-"))
    afterAll(() => rmSync(base, { recursive: true, force: true }))
    tests({ name: "SQLite", newPlace: Effect.sync(() => join(mkdtempSync(join(base, "j")), "journal.sqlite")) })
  })
  describe.skipIf(!isInstalled)(`${title}, in PostgreSQL`, () => {
    const postgres = server()
    tests({
      name: "PostgreSQL",
      newPlace: Effect.orDie(
        Effect.suspend(() => {
          const url = postgres().newDatabase()
          return Effect.as(init(url), url)
        })
      )
    })
  })
}

/** Each row over each transport: the SDK must return or throw the same. */
import { afterAll, assert, describe, it } from "@effect/vitest"
import type { JournalView } from "fanfold/mocks"
import { rows } from "./rows.ts"
import { transports } from "./Transport.ts"

const table: Record<string, Record<string, string>> = {}

/** Waits up to 0.5 s for open requests to end, as a transport reports an abort later, and gives how many are open. */
const settled = async (journal: JournalView): Promise<number> => {
  for (let tries = 0; journal.inFlight > 0 && tries < 100; tries++)
    await new Promise((resolve) => setTimeout(resolve, 5))
  return journal.inFlight
}

describe.each(Object.entries(transports))("over %s", (name, transport) => {
  it.each(rows.map((row) => [row.name, row] as const))("%s", async (title, row) => {
    const cells = (table[title] ??= {})
    cells[name] = "✗"
    const { open, seen } = await transport(row.options ?? {}, async (reached) => {
      const seen = await row.see(reached)
      return { seen, open: await settled(reached.claude.journal) }
    })
    assert.deepStrictEqual(seen, row.expected)
    assert.strictEqual(open, 0, "requests that are open in the mock")
    cells[name] = "✓"
  })
})

afterAll(() => console.table(table))

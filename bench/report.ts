/**
 * What does the page of a run cost: how long is it made, how large is it, and how soon can it be used? Pages of journals with 1,000
 * and 10,000 asks, made by the built command line, opened in headless Chromium.
 */
import { mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { ensureBuilt } from "./harness/Build.ts"
import * as Results from "./harness/Results.ts"
import type { Row } from "./harness/Table.ts"
import * as KeptRun from "./report/KeptRun.ts"
import * as Reading from "./report/Reading.ts"

const seed = 1
const tokens = 500
const rounds = Results.isQuick ? 3 : 7
const { medianOf } = Results

/** Beside the answers, a page may have so much more, and so much itself. */
const shareOfAnswers = 1.3
const ownBytes = 300_000
const worstFrameMillis = 50
const seconds: Readonly<Record<number, number>> = { 1000: 1, 10_000: 3 }

ensureBuilt()
const folder = mkdtempSync(join(tmpdir(), "fanfold-report-"))
const samples: Record<string, ReadonlyArray<number>> = {}
const rows: Array<Row> = []
const atMost = (what: string, figure: number, max: number, unit: string, digits = 0) =>
  rows.push({
    what,
    measured: `${figure.toFixed(digits)} ${unit}`,
    target: `<= ${max.toFixed(digits)} ${unit}`,
    met: figure <= max ? "yes" : "no"
  })

for (const [asks, limit] of Object.entries(seconds).map(([asks, limit]) => [Number(asks), limit] as const)) {
  const name = `${asks.toLocaleString("en-US")} asks of ${tokens} tokens`
  Results.progress(`${name}: asking`)
  const run = await KeptRun.make(folder, asks, tokens, seed)
  const page = join(folder, `page${asks}.html`)
  const made: Array<number> = []
  for (let round = 1; round <= rounds; round++) {
    Results.progress(`${name}: making, round ${round} of ${rounds}`)
    made.push(await KeptRun.typed(["report", run.id, "--journal", run.journal, "--quiet", "-o", page], folder))
  }
  samples[`${name}: made`] = made
  atMost(`${name}: made, by a process of its own`, medianOf(made) / 1000, limit, "s", 2)
  const bytes = statSync(page).size
  const allowed = shareOfAnswers * run.compressedBytes + ownBytes
  atMost(
    `${name}: size, its answers compressed to ${(run.compressedBytes / 1000).toFixed(0)} kB`,
    bytes / 1000,
    allowed / 1000,
    "kB"
  )
  if (!Reading.isPossible) continue
  Results.progress(`${name}: reading`)
  const readings = await Reading.read(page, rounds)
  const usable = readings.map(({ usableMillis }) => usableMillis)
  samples[`${name}: usable`] = usable
  atMost(`${name}: usable in headless Chromium`, medianOf(usable) / 1000, limit, "s", 2)
  atMost(
    `${name}: longest frame while all rows go by`,
    medianOf(readings.map((each) => each.worstFrameMillis)),
    worstFrameMillis,
    "ms"
  )
}
rmSync(folder, { recursive: true, force: true })

await Results.report({
  name: "report",
  seed,
  simulated:
    "answers and their latencies are simulated; the command line, its journal, the page and the browser are real",
  rows,
  notes: [
    "Made: `fanfold report RUN -o page.html` of the built command line, from the start of its process to its end. " +
      "Compressed: all answers as one JSON text, by deflate at level 9. " +
      `Usable: from the navigation until all is drawn. Medians of ${rounds} rounds; of frames, the median of the longest of each round.`
  ],
  samples
})

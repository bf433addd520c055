/** What does a batch cost, and what is paid twice or lost when its process is killed? */
import * as Document from "./batch/Document.ts"
import * as Kills from "./batch/Kills.ts"
import { bin, ensureBuilt } from "./harness/Build.ts"
import * as Results from "./harness/Results.ts"
import type { Row } from "./harness/Table.ts"

const seed = 1
const kills = Results.isQuick ? 10 : 100

ensureBuilt()
const { batch, live } = await Document.play([bin], (arm) => Results.progress(`document: ${arm}`))
const killed = await Kills.play([bin], {
  seed,
  kills,
  maxKillsOfRun: 3,
  onRun: (done) => Results.progress(`kills: ${done} of ${kills}`)
})

const row = (what: string, measured: string, target: string, isMet: boolean): Row => ({
  what,
  measured,
  target,
  met: isMet ? "yes" : "no"
})
const none = (what: string, count: number): Row => row(what, `${count}`, "0", count === 0)
const cents = (usd: number): number => Math.round(usd * 100)
const dollars = (usd: number): string => `$${usd.toFixed(4)}`
const toTheCent = (usd: number): string => `${dollars(usd)}, to the cent $${usd.toFixed(2)}`
const halfOf = (usd: number): string => `${dollars(usd)}, half of it ${toTheCent(usd / 2)}`
const ratio = (usd: number): string => `${(batch.usd / usd).toFixed(3)} ×`

const of300 = `${Document.asks} asks about 20k tokens`
const rows: ReadonlyArray<Row> = [
  none(`${killed.kills} kills: requests of a batch billed twice`, killed.billedTwice),
  none(`${killed.kills} kills: requests lost`, killed.lost),
  none(`${killed.kills} kills: wrong documents, codes, bills`, killed.problems.length),
  row(
    `${killed.kills} kills: live requests billed again`,
    `${killed.liveRepeats}`,
    "<= kills",
    killed.liveRepeats <= killed.kills
  ),
  row(`${of300}: cost live, cached for 5 minutes`, halfOf(live.usd), "-", live.messages === Document.asks),
  row(
    `${of300}: cost in batches, cached for an hour`,
    `${toTheCent(batch.usd)}; ${ratio(live.usd)}`,
    "half of it live, to the cent",
    cents(batch.usd) <= cents(live.usd / 2)
  ),
  row(`${of300}: cost live if cached for an hour (computed)`, halfOf(live.usdFor1h), "-", true),
  row(
    `${of300}: cost in batches, beside that`,
    `${dollars(batch.usd)}; ${ratio(live.usdFor1h)}`,
    "<= 0.5 ×",
    batch.usd <= live.usdFor1h / 2 + 1e-9
  ),
  row(
    `${of300}: cache writes, reads`,
    `${batch.writes}, ${batch.reads}`,
    `1, ${Document.asks - 1}`,
    batch.writes === 1 && batch.reads === Document.asks - 1
  ),
  row(
    `${of300}: cost that is reported`,
    dollars(batch.reportedUsd),
    "as billed",
    Math.abs(batch.reportedUsd - batch.usd) < 1e-9
  )
]

await Results.report({
  name: "batch",
  seed,
  simulated:
    "Claude is simulated, and a day of its batches takes 1.44 s where runs are killed; processes, kills, files and loopback connections are real",
  rows,
  further: {
    "Kills by moment, and faults": Object.entries(killed.by).map(([what, count]) => ({ what, count })),
    ...(killed.problems.length > 0 && {
      "What was wrong after a kill": killed.problems.map((problem) => ({ problem: problem.slice(0, 400) }))
    })
  },
  notes: [
    `Kills: ${killed.runs} runs of 24 asks in a batch and a live synthesis, each killed (SIGKILL) up to 3 times and started again by the same command, ` +
      `against \`fanfold mock\` in another process; ${killed.batches} batches. The list shows a batch 300 ms after it was made.`,
    "Billed twice, and lost: by the ledger of the mock. A live request that was on its way at a kill may be sent again.",
    "300 asks: each cost is the sum of the mock's bills. Live, one ask writes the document to the cache for 5 minutes and the others read it; " +
      "in batches, a batch of one writes it for an hour, at 2 × the price of input in place of 1.25 ×. An hour takes 2 s here. " +
      "Live requests have no such cache in fanfold: their cost with it is computed from the same bills, for the same cache life on both sides."
  ],
  samples: {
    "batches of a killed run (count)": killed.batchesOfRuns,
    "300 asks: live (USD)": [live.usd],
    "300 asks: batch (USD)": [batch.usd],
    "300 asks: live": [live.wallMillis],
    "300 asks: batch": [batch.wallMillis]
  }
})

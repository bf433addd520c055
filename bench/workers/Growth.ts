/** What a thousand workers and ten million asks would take, computed from what one takes. */
import type { Row } from "../harness/Table.ts"
import type { AskCost, Waiting } from "./AskCost.ts"
import type { Look } from "./QueueSize.ts"

export interface Measured {
  readonly ask: AskCost
  readonly waiting: Waiting
  /** Milliseconds of an exchange, by the number of processes. */
  readonly exchanges: ReadonlyArray<readonly [processes: number, millis: number]>
  readonly inserts: number
  /** The last one: with `places` items under way. */
  readonly looks: ReadonlyArray<Look>
}

export const workers = 1000
export const places = 8 * workers
export const asks = 10_000_000
/** Of a call. */
export const callSeconds = 10
const asksPerSecond = places / callSeconds

/** Of PostgreSQL, of which three are for its superuser; the process of a run has five. */
const defaultConnections = 100
const spareConnections = 3 + 5

/** What Node lets a process have by itself on a large machine. */
const heapBytes = 4 * 1024 ** 3

/** `maxBytes` of the journal, as the documentation says it. */
const journalBytes = 1_000_000_000

/** Between two exchanges of a process, and for how long it may be silent before the others take its share. */
const gapSeconds = 0.5
const lostAfterSeconds = 3

const count = (n: number, digits = 2): string => {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(n)) + 1 - digits)
  return (Math.floor(n / step) * step).toLocaleString("en-US")
}
const kilobytes = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`
const gigabytes = (bytes: number): string => `${Math.round(bytes / 1e9)} GB`

/** How many processes have their turn before one is taken for lost; an exchange takes longer with each process that it reads of. */
const mostExchanging = (exchanges: Measured["exchanges"]): number => {
  const [[few, fewMillis], [many, manyMillis]] = [exchanges[0]!, exchanges.at(-1)!]
  const each = Math.max(0, manyMillis - fewMillis) / (many - few)
  const own = Math.max(0, fewMillis - each * few)
  const filled = 1000 * (lostAfterSeconds - gapSeconds)
  return each === 0 ? filled / own : (Math.sqrt(own ** 2 + 4 * each * filled) - own) / (2 * each)
}

const row = (what: string, measured: string, computed: string, until: string): Row => ({
  what,
  measured,
  "1,000 workers, 10 million asks": computed,
  "enough for": until
})

export const rows = ({ ask, exchanges, inserts, looks, waiting }: Measured): ReadonlyArray<Row> => {
  const [busiest, exchangeMillis] = [looks.at(-1)!, exchanges.at(-1)![1]]
  const looking = (workers * ask.idleStatements * busiest.millis) / 1000
  const asking = (asksPerSecond * ask.millis) / 1000
  const kept = ask.bytes - ask.passingBytes
  return [
    row(
      "connections",
      `${ask.idleConnections.toFixed(0)} an idle worker, ${ask.busyConnections.toFixed(0)} a busy one`,
      count(workers * ask.busyConnections),
      `${Math.floor((defaultConnections - spareConnections) / ask.busyConnections)} workers, as PostgreSQL is installed`
    ),
    row(
      "memory of the run's process",
      `${kilobytes(waiting.bytes)} an ask that waits`,
      gigabytes(asks * waiting.bytes),
      `${count(heapBytes / waiting.bytes)} asks a run, as Node is installed`
    ),
    row(
      "what the journal keeps",
      `${kilobytes(kept)} an ask, and ${kilobytes(ask.passingBytes)} until its run ends`,
      gigabytes(asks * ask.bytes),
      `${count(journalBytes / kept)} asks before the oldest runs are forgotten (1 GB)`
    ),
    row(
      "writes",
      `${ask.writes.toFixed(1)} an ask; ${count(inserts)} a second here`,
      `${count(asksPerSecond * ask.writes)} a second`,
      `${count(inserts / ask.writes)} asks a second`
    ),
    row(
      "agreeing on limits, one process at a time",
      exchanges
        .map(([processes, millis]) => `${millis.toFixed(1)} ms with ${processes.toLocaleString("en-US")}`)
        .join(", "),
      `every ${(gapSeconds + (workers * exchangeMillis) / 1000).toFixed(1)} s; lost after ${lostAfterSeconds} s`,
      `${count(mostExchanging(exchanges))} workers`
    ),
    row(
      "server time of asks",
      `${ask.statements.toFixed(1)} statements, ${ask.millis.toFixed(1)} ms an ask`,
      `${asking.toFixed(1)} cores`,
      `${count(1000 / ask.millis)} asks a second and core`
    ),
    row(
      "looks of idle workers",
      `${ask.idleStatements.toFixed(1)} a second, ${busiest.millis.toFixed(2)} ms`,
      `${looking.toFixed(1)} cores`,
      `${count(workers / looking)} workers a core`
    )
  ]
}

export const lookRows = (looks: ReadonlyArray<Look>): ReadonlyArray<Row> =>
  looks.map(({ ended, millis, scans, underWay, waiting }) => ({
    waiting: waiting.toLocaleString("en-US"),
    "under way": underWay.toLocaleString("en-US"),
    ended: ended.toLocaleString("en-US"),
    "ms a look": millis.toFixed(2),
    "scans of the table": scans
  }))

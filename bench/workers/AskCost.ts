/** What an ask and an idle worker take of a database, and a waiting ask of its run: counted by the server and the system. */
import { readFileSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import type { Server } from "../harness/PostgresServer.ts"
import type { Command } from "../journal/CommandLine.ts"
import * as Machines from "./Machines.ts"
import * as Statements from "./Statements.ts"

export interface AskCost {
  /** Of one ask: rows inserted, their bytes with indexes, statements, those that write, milliseconds of the server. */
  readonly rows: number
  readonly bytes: number
  /** Those of `bytes` that go when the run ends. */
  readonly passingBytes: number
  readonly statements: number
  readonly writes: number
  readonly millis: number
  /** Of one worker: statements a second without an ask, and connections with and without. */
  readonly idleStatements: number
  readonly idleConnections: number
  readonly busyConnections: number
}

const idleMillis = 5000

/** Measured with three workers, as the run itself sends nothing. */
export const play = async (command: Command, server: Server, asks: number): Promise<AskCost> => {
  await using machines = await Machines.prepare({ command, server, asks, latencyMillis: 200 })
  const { database } = machines
  const number = (query: string): number => Number(server.sql(query, database))
  const connections = (): number =>
    number(`SELECT count(*) FROM pg_stat_activity WHERE datname = '${database}' AND application_name = 'fanfold'`)
  const bytesOf = (where: string): number =>
    number(
      `SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'fanfold'::regnamespace AND ${where}`
    )
  const workers = Array.from({ length: Machines.workers }, () => machines.worker())
  await Machines.ready(workers)
  await sleep(1000)
  Statements.reset(server)
  await sleep(idleMillis)
  const idle = Statements.of(server, database).calls
  const idleConnections = connections() / workers.length

  const before = bytesOf("true")
  const running = machines.run()
  Statements.reset(server)
  let most = 0
  const done = running.ended.then(() => true)
  while (!(await Promise.race([done, sleep(200, false)]))) most = Math.max(most, connections())
  const { code, stderr } = await running.ended
  if (code !== 0) throw new Error(stderr)
  const { calls, millis, writes } = Statements.of(server, database)
  const rows = number("SELECT sum(n_tup_ins) FROM pg_stat_user_tables WHERE relname NOT LIKE '%migration%'")
  const bytes = bytesOf("true") - before
  const passing = bytesOf("relname IN ('queue', 'settled')")
  await Machines.drain(workers)
  return {
    rows: rows / asks,
    bytes: bytes / asks,
    passingBytes: passing / asks,
    statements: calls / asks,
    millis: millis / asks,
    writes: writes / asks,
    idleStatements: idle / workers.length / (idleMillis / 1000),
    idleConnections,
    // The run has five itself.
    busyConnections: (most - 5) / workers.length
  }
}

export interface Waiting {
  /** Of the process of the run, for each ask that waits. */
  readonly bytes: number
  /** Asks a second that it puts into the queue. */
  readonly offers: number
}

const residentBytes = (pid: number): number =>
  1024 * Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1])

/** The memory of a run whose asks all wait, for two numbers of asks: without what the process takes for itself. */
export const waiting = async (command: Command, server: Server, few: number, many: number): Promise<Waiting> => {
  const measured = async (asks: number) => {
    await using machines = await Machines.prepare({ command, server, asks, latencyMillis: 0 })
    const startedAt = performance.now()
    let queuedAt = startedAt
    const { child } = machines.run()
    for (let queued = 0; queued < asks;) {
      await sleep(100)
      if (child.exitCode !== null) throw new Error("the run has ended")
      const before = queued
      queued = Number(server.sql("SELECT count(*) FROM fanfold.queue", machines.database))
      if (before === 0 && queued > 0) queuedAt = performance.now()
    }
    const millis = performance.now() - queuedAt
    await sleep(1000)
    return { bytes: residentBytes(child.pid!), millis }
  }
  const [less, more] = [await measured(few), await measured(many)]
  return { bytes: (more.bytes - less.bytes) / (many - few), offers: (1000 * many) / more.millis }
}

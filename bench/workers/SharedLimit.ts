/** How three workers share a limit of the account that nobody has told them, by the mock that counts requests. */
import { setTimeout as sleep } from "node:timers/promises"
import type { Server } from "../harness/PostgresServer.ts"
import type { Command } from "../journal/CommandLine.ts"
import * as Machines from "./Machines.ts"

export const perSecond = 40

/** The seconds that count, from the first request on. */
export const fromSecond = 3
export const untilSecond = 20

/** `used`: accepted requests of what the limit allows. `limitedShare`: 429s of all requests. */
export interface Figures {
  readonly used: number
  readonly limitedShare: number
}

export const play = async (command: Command, server: Server): Promise<Figures> => {
  const limits = { rpm: perSecond * 60, burstSeconds: 1 }
  // More than the time allows.
  const asks = 2 * perSecond * untilSecond
  await using machines = await Machines.prepare({ command, server, asks, latencyMillis: 200, limits })
  await Machines.ready(Array.from({ length: Machines.workers }, () => machines.worker()))
  machines.run("--pacing-remember", "false")
  await machines.until(1)
  await sleep((untilSecond + 1) * 1000)
  const entries = await machines.mock.entries()
  const startedAt = entries[0]!.startedMillis
  const counted = entries
    .map(({ startedMillis, status }) => ({ second: (startedMillis - startedAt) / 1000, status }))
    .filter(({ second }) => second >= fromSecond && second < untilSecond)
  const limited = counted.filter(({ status }) => status === 429).length
  return {
    used: (counted.length - limited) / ((untilSecond - fromSecond) * perSecond),
    limitedShare: limited / counted.length
  }
}

/** A real PostgreSQL for the tests of a file, which goes with them. They are skipped where it is not installed. */
import { afterAll, beforeAll } from "@effect/vitest"
import { isInstalled, serve, type Server } from "../bench/harness/PostgresServer.ts"

export * from "../bench/harness/PostgresServer.ts"

if (!isInstalled) console.log("PostgreSQL is not installed: its tests are skipped")

/** Nothing waits for the disk, as in tests the server may be killed, and its machine is not. */
const quick = ["fsync=off"]

/** A server for the tests of a file, which goes with them. */
export const server = (settings: ReadonlyArray<string> = []): (() => Server) => {
  let running: Server | undefined
  if (isInstalled) {
    beforeAll(async () => {
      running = await serve([...quick, ...settings])
    }, 60_000)
    afterAll(() => running?.remove(), 60_000)
  }
  return () => running!
}

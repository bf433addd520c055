/** A database for each folder of the runs that are killed, read with SQL of its own. */
import { execFileSync } from "node:child_process"
import type { Home } from "../../../bench/journal/Home.ts"
import * as KeptRows from "../../../bench/journal/KeptRows.ts"
import type { Server } from "../../Postgres.ts"
import { bin } from "../../cli/Process.ts"

const readSql = `SELECT json_build_object(
  'events', (SELECT coalesce(json_agg(event::json ORDER BY seq), '[]') FROM fanfold.event),
  'answered', (SELECT coalesce(json_agg(DISTINCT ask), '[]') FROM fanfold.entry JOIN fanfold.turn USING (run, n)),
  'runs', (SELECT count(*) FROM fanfold.run),
  'unfinishedRuns', (SELECT count(*) FROM fanfold.run WHERE id NOT IN (SELECT run FROM fanfold.run_end)))`

export const databases = (server: Server): Home => {
  const urls = new Map<string, string>()
  const urlOf = (folder: string) => {
    const url = urls.get(folder) ?? server.newDatabase()
    if (!urls.has(folder)) {
      urls.set(folder, url)
      const args = [bin, "journal", "init", "--journal", url]
      execFileSync(process.execPath, args, { stdio: "ignore" })
    }
    return url
  }
  /** Connections of processes, also those that the server has not yet missed: what they were about to write may still come. */
  const isIdle = (database: string) =>
    server.sql(
      `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'fanfold' AND datname = '${database}'`
    ) === "0"
  return {
    flags: (folder) => ["--journal", urlOf(folder)],
    read: async (folder) => {
      const database = urlOf(folder).split("/").at(-1)!
      while (!isIdle(database)) await new Promise((resolve) => setTimeout(resolve, 5))
      return KeptRows.of(JSON.parse(server.sql(readSql, database)))
    },
    isClosed: () => true
  }
}

/** Databases with the tables of fanfold, copied from one that the command line has initialized once. */
import { fanfold } from "./Process.ts"
import type { Server } from "../Postgres.ts"

export const databaseOf = (address: string): string => address.slice(address.lastIndexOf("/") + 1)

const initialize = async (server: Server): Promise<string> => {
  const address = server.newDatabase()
  const { code, stderr } = await fanfold(["journal", "init", "--journal", address])
  if (code !== 0) throw new Error(stderr)
  return databaseOf(address)
}

const templates = new WeakMap<Server, Promise<string>>()

/** Gives the address of a database of its own. */
export const newHome = async (server: Server): Promise<string> => {
  const template = templates.get(server) ?? initialize(server)
  templates.set(server, template)
  return server.newDatabase(await template)
}

/**
 * Serves the mocks of many runs, each under a base URL of its own. `POST /runs` with a `MockRuns.Setup` creates one and
 * answers with its URLs; `GET /runs/ID` answers with its request log and forgets the run. Prints its origin; exits when its
 * standard input ends, and so with its parent.
 */
import { serve } from "../../mocks/Server.ts"
import * as MockRuns from "./MockRuns.ts"

const runs = new Map<string, MockRuns.MockRun>()
let created = 0

const create = (origin: string, body: unknown): Response => {
  const id = String(++created)
  runs.set(id, MockRuns.make(JSON.parse(body as string) as MockRuns.Setup))
  return Response.json({ baseUrl: `${origin}/${id}`, logUrl: `${origin}/runs/${id}` })
}

const takeLog = async (id: string): Promise<Response> => {
  const log = await runs.get(id)!.requestLog()
  runs.delete(id)
  return Response.json(log)
}

const answer: typeof globalThis.fetch = async (input, init) => {
  const { origin, pathname, search } = new URL(input instanceof Request ? input.url : input)
  const [, first = "", ...rest] = pathname.split("/")
  if (first !== "runs") return runs.get(first)!.fetch(`${origin}/${rest.join("/")}${search}`, init)
  return rest[0] === undefined ? create(origin, init?.body) : takeLog(rest[0])
}

const { url } = await serve(answer)
console.log(url)
process.stdin.resume().on("end", () => process.exit())

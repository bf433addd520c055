/**
 * Mocks in a process of their own, each under a base URL. `POST URL/runs` with a setup as JSON gives the base URL of a new
 * one, `GET URL/runs/ID` its book, after which it is forgotten. Prints URL, ends with its parent.
 */
import { serve } from "../../mocks/Server.ts"
import * as MockRuns from "./MockRuns.ts"

const runs = new Map<string, MockRuns.MockRun>()
let made = 0

const create = (origin: string, body: unknown): Response => {
  const id = String(++made)
  runs.set(id, MockRuns.make(JSON.parse(body as string) as MockRuns.Setup))
  return Response.json({ baseUrl: `${origin}/${id}`, bookUrl: `${origin}/runs/${id}` })
}

const tell = async (id: string): Promise<Response> => {
  const book = await runs.get(id)!.book()
  runs.delete(id)
  return Response.json(book)
}

const answer: typeof globalThis.fetch = async (input, init) => {
  const { origin, pathname, search } = new URL(input instanceof Request ? input.url : input)
  const [, first = "", ...rest] = pathname.split("/")
  if (first !== "runs") return runs.get(first)!.fetch(`${origin}/${rest.join("/")}${search}`, init)
  return rest[0] === undefined ? create(origin, init?.body) : tell(rest[0])
}

const { url } = await serve(answer)
console.log(url)
process.stdin.resume().on("end", () => process.exit())

/** Asks as a list: the record that stands for it, and the way back from a name to its place in the list. */
import type { Issue } from "../options/Issue.ts"

type Fields = { readonly [key: string]: unknown }

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** A plan whose asks are by name. `listed` gives the path in the file of a path in it. */
export interface Named {
  readonly value: unknown
  readonly listed: (path: Issue["path"]) => Issue["path"]
  readonly issues: ReadonlyArray<Issue>
}

/** Names the asks of a list by their `id`, or else `q1`, `q2`, … */
export const byName = (value: unknown): Named => {
  if (!isFields(value) || !Array.isArray(value["asks"])) return { value, listed: (path) => path, issues: [] }
  const asks: Array<readonly [name: string, ask: unknown]> = []
  const places = new Map<string, number>()
  const issues: Array<Issue> = []
  const { asks: list, ...rest } = value
  for (const [index, each] of (list as ReadonlyArray<unknown>).entries()) {
    const own = isFields(each) && "id" in each ? each["id"] : undefined
    const name = own === undefined ? `q${index + 1}` : typeof own === "string" ? own : JSON.stringify(own)
    if (places.has(name)) {
      const first = (places.get(name) ?? 0) + 1
      issues.push({ path: ["asks", index], message: `the name ${name} is that of ask ${first} too` })
    }
    places.set(name, index)
    const { id: _id, ...entry } = isFields(each) ? each : {}
    asks.push([name, isFields(each) ? entry : each])
  }
  const listed = (path: Issue["path"]): Issue["path"] => {
    const [first, name, ...inner] = path
    const index = first === "asks" ? places.get(String(name)) : undefined
    return index === undefined ? path : ["asks", index, ...inner]
  }
  return { value: { ...rest, asks: Object.fromEntries(asks) }, listed, issues }
}

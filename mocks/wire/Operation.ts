/** The operations of the API, named as the SDK names its methods, and the path and method of each. */

const table = [
  ["messages.create", "POST", /^\/v1\/messages()$/],
  ["messages.countTokens", "POST", /^\/v1\/messages\/count_tokens()$/],
  ["batches.list", "GET", /^\/v1\/messages\/batches()$/],
  ["batches.create", "POST", /^\/v1\/messages\/batches()$/],
  ["batches.retrieve", "GET", /^\/v1\/messages\/batches\/([^/]+)$/],
  ["batches.delete", "DELETE", /^\/v1\/messages\/batches\/([^/]+)$/],
  ["batches.cancel", "POST", /^\/v1\/messages\/batches\/([^/]+)\/cancel$/],
  ["batches.results", "GET", /^\/v1\/messages\/batches\/([^/]+)\/results$/],
  ["models.list", "GET", /^\/v1\/models()$/],
  ["models.retrieve", "GET", /^\/v1\/models\/(.+)$/],
  ["files.list", "GET", /^\/v1\/files()$/],
  ["completions.create", "POST", /^\/v1\/complete()$/]
] as const

/** One operation of the API. */
export type Operation = (typeof table)[number][0]

/** The names of all operations. */
export const names: ReadonlyArray<Operation> = table.map(([name]) => name)

/** An operation, with the id of its path as it is encoded there; or the methods of a path, if the request's is none of them. */
export type Found =
  | { readonly operation: Operation; readonly encodedId: string }
  | { readonly operation: undefined; readonly allow: string }

/** Finds the operation of a request; undefined for an unknown path. */
export const find = (method: string, path: string): Found | undefined => {
  const allowed: Array<string> = []
  for (const [operation, itsMethod, pattern] of table) {
    const match = pattern.exec(path)
    if (match === null) continue
    if (itsMethod === method) return { operation, encodedId: match[1]! }
    allowed.push(itsMethod)
  }
  return allowed.length === 0 ? undefined : { operation: undefined, allow: allowed.join(", ") }
}

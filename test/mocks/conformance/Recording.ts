/** Recorded traffic of the API, which the mock is compared with. It is not part of the repository, and may be absent. */
import { existsSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { parse, type UncheckedJson } from "../../../mocks/wire/UncheckedJson.ts"

/** One recorded interaction. */
export interface Recording {
  readonly file: string
  readonly kind: string
  readonly request: {
    readonly method: string
    readonly url: string
    readonly headers: Record<string, string>
    readonly body: UncheckedJson | undefined
    readonly raw: unknown
  }
  readonly response: { readonly status: number; readonly headers: Record<string, string>; readonly body: unknown }
}

/** The folder of the recordings: FANFOLD_RECORDINGS, or `shared/recordings` beside the project. */
export const folder = resolve(
  process.env["FANFOLD_RECORDINGS"] ?? join(import.meta.dirname, "../../../../shared/recordings")
)

/** Whether there are recordings. */
export const present = existsSync(join(folder, "index.json"))

/** Reads all recordings. */
export const all = (): ReadonlyArray<Recording> => {
  const index = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as ReadonlyArray<{
    file: string
    kind: string
  }>
  return index.map(({ file, kind }) => {
    const { request, response } = JSON.parse(readFileSync(join(folder, file), "utf8"))
    const body = typeof request.body === "string" ? parse(request.body) : (request.body ?? undefined)
    return { file, kind, request: { ...request, body, raw: request.body }, response }
  })
}

/** A mock in simulated time, and its batches. */
import { clock, mockClaude, type Options } from "fanfold/mocks"
import { body } from "../ask.ts"

export const hour = 60 * 60_000
/** A mock in simulated time, and its batches by `fetch`. */
export const open = (options: Options = {}) => {
  const time = clock.manual(0)
  const claude = mockClaude({ clock: time, batches: { processingMillis: hour }, ...options })
  const send = async (method: string, path: string, json?: unknown): Promise<{ status: number; body: any }> => {
    const response = await claude.fetch(`https://api.anthropic.com/v1/messages${path}`, {
      method,
      headers: { "x-api-key": "offline", "anthropic-version": "2026-10-21" },
      ...(json !== undefined && { body: JSON.stringify(json) })
    })
    const text = await response.text()
    return { status: response.status, body: path.endsWith("/results") ? text : JSON.parse(text) }
  }
  return {
    claude,
    time,
    send,
    create: (ids: ReadonlyArray<string>, more: object = {}) =>
      send("POST", "/batches", {
        requests: ids.map((id) => ({ custom_id: id, params: body(`Question ${id}?`, more) }))
      }).then(({ body }) => body),
    get: (id: string) => send("GET", `/batches/${id}`).then(({ body }) => body),
    results: (id: string) =>
      send("GET", `/batches/${id}/results`).then(({ body, status }) =>
        status === 200
          ? String(body)
              .trimEnd()
              .split("\n")
              .map((line) => JSON.parse(line))
          : JSON.parse(body)
      )
  }
}

export const ids = (count: number) => Array.from({ length: count }, (_, index) => `q${index}`)

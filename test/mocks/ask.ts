/** Sends requests to a mock by `fetch`, for tests below the SDK. */
import { eventsOf, type SseEvent } from "./SseEvents.ts"

const headers = {
  authorization: "Bearer offline",
  "anthropic-version": "2026-10-21",
  "content-type": "application/json"
}

/** Makes the body of a question. */
export const body = (question: string, more: object = {}): Record<string, unknown> => ({
  model: "claude-haiku-4-5",
  max_tokens: 1000,
  messages: [{ role: "user", content: question }],
  ...more
})

/** Posts a body to `/v1/messages`. */
export const post = (fetch: typeof globalThis.fetch, json: unknown, init: RequestInit = {}): Promise<Response> =>
  fetch("https://api.anthropic.com/v1/messages", { method: "POST", headers, body: JSON.stringify(json), ...init })

/** Asks, and gives the parsed body. */
export const ask = async (fetch: typeof globalThis.fetch, question: string, more: object = {}): Promise<any> =>
  (await post(fetch, body(question, more))).json()

/** Asks for a stream, and gives its events. */
export const stream = async (
  fetch: typeof globalThis.fetch,
  question: string,
  more: object = {}
): Promise<ReadonlyArray<SseEvent>> =>
  eventsOf(await (await post(fetch, body(question, { stream: true, ...more }))).text())

/** Gives the text of a message. */
export const textOf = (message: {
  readonly content: ReadonlyArray<{ readonly type: string; readonly text?: string }>
}): string => message.content.map((block) => block.text ?? "").join("")

/** Makes the user text of a synthesis, as fanfold writes it. */
export const synthesisPrompt = (
  instruction: string,
  findings: Readonly<Record<string, string>>,
  gaps: ReadonlyArray<string> = []
): string =>
  [
    instruction,
    ...Object.entries(findings).map(
      ([name, answer]) => `<finding name="${name}">\n<question>?</question>\n<answer>${answer}</answer>\n</finding>`
    ),
    ...gaps.map((name) => `<gap name="${name}">failed</gap>`)
  ].join("\n\n")

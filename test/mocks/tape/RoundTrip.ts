/** A run that is recorded from a mock and played again, through the SDK, with answers streamed or not. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import Anthropic from "@anthropic-ai/sdk"
import { afterAll } from "@effect/vitest"
import { record, replay } from "fanfold/mocks"

export const key = "the-key-of-a-proxy-0123456789"

/** A folder for tapes that the tests of this file share; it is removed after them. */
export const tapes = async (): Promise<(name: string) => string> => {
  const folder = await mkdtemp(join(tmpdir(), "fanfold-tapes-"))
  afterAll(() => rm(folder, { recursive: true }))
  return (name) => join(folder, `${name}.jsonl`)
}

export const clientOf = (fetch: typeof globalThis.fetch, options: { readonly baseURL?: string } = {}): Anthropic =>
  new Anthropic({ apiKey: key, fetch, maxRetries: 0, ...options })

export const recorder = (file: string, fetch: typeof globalThis.fetch): Anthropic =>
  clientOf(record(file, { fetch }).fetch)

export const player = async (file: string, onTorn?: (lineNumber: number) => void): Promise<Anthropic> =>
  clientOf((await replay(file, { speed: Number.POSITIVE_INFINITY, ...(onTorn !== undefined && { onTorn }) })).fetch)

type Request = Anthropic.MessageCreateParamsNonStreaming

export const params = (content: string, more: Partial<Request> = {}): Request => ({
  model: "claude-haiku-5-5",
  max_tokens: 500,
  messages: [{ role: "user", content }],
  ...more
})

/** How an answer is asked for. */
export const forms = {
  plain: (client: Anthropic, request: Request): Promise<Anthropic.Message> => client.messages.create(request),
  streamed: (client: Anthropic, request: Request): Promise<Anthropic.Message> =>
    client.messages.stream(request).finalMessage()
}
export type Form = keyof typeof forms

/** Each way in which a run is recorded, with each way in which it is played. */
export const ways: ReadonlyArray<{ readonly recorded: Form; readonly played: Form }> = (
  ["plain", "streamed"] as const
).flatMap((recorded) => (["plain", "streamed"] as const).map((played) => ({ recorded, played })))

/** The text of an answer, or the status of its error, or else its name. */
export const answer = (client: Anthropic, form: Form, request: Request): Promise<string> =>
  forms[form](client, request).then(
    ({ content }) => content.map((block) => (block.type === "text" ? block.text : "")).join(""),
    (error: { readonly status?: number; readonly constructor: { readonly name: string } }) =>
      String(error.status ?? error.constructor.name)
  )

/** Asks one after the other. */
export const answers = async (
  client: Anthropic,
  form: Form,
  requests: ReadonlyArray<Request>
): Promise<ReadonlyArray<string>> => {
  const texts: Array<string> = []
  for (const request of requests) texts.push(await answer(client, form, request))
  return texts
}

/** One row of the contract, and functions that give what the SDK returns or throws as plain data. */
import type Anthropic from "@anthropic-ai/sdk"
import type { fault } from "fanfold/mocks"
import type { Options } from "fanfold/mocks/msw"
import type { Reached } from "./Transport.ts"

/** `see` gives what the SDK returns or throws, as plain data; over every transport it must equal `expected`. */
export interface Row {
  readonly name: string
  readonly options?: Options
  readonly see: (reached: Reached) => Promise<unknown>
  readonly expected: unknown
}

type Params = Anthropic.MessageCreateParamsNonStreaming

export const params: Params = {
  model: "claude-haiku-4-5",
  max_tokens: 500,
  messages: [{ role: "user", content: "What is the capital of France?" }]
}

export const errorOf = (error: unknown): string => {
  const { constructor, status, type } = error as {
    constructor: { name: string }
    status?: number
    type?: string | null
  }
  return [constructor.name, ...(status === undefined ? [] : [status]), ...(type == null ? [] : [type])].join(" ")
}

export const shown = (promise: PromiseLike<unknown>): Promise<unknown> =>
  Promise.resolve(promise).then((value) => value, errorOf)

export const textOf = (message: { readonly content: ReadonlyArray<{ readonly type: string }> }): string =>
  message.content
    .map((block) => (block.type === "text" ? (block as { text?: string }).text : `[${block.type}]`))
    .join("")

export const plain = ({ client }: Reached, more: Partial<Params> = {}): Promise<unknown> =>
  shown(client.messages.create({ ...params, ...more }).then(textOf))

/** Counts the events of a stream, and gives how it ended. */
export const raw = async (
  { client }: Reached,
  more: Partial<Params> = {},
  onEvent?: (count: number) => void
): Promise<unknown> => {
  const events: Record<string, number> = {}
  try {
    const stream = await client.messages.create({ ...params, ...more, stream: true })
    let count = 0
    for await (const event of stream) {
      events[event.type] = (events[event.type] ?? 0) + 1
      onEvent?.(++count)
    }
    return {
      deltas: events["content_block_delta"] ?? 0,
      starts: events["message_start"] ?? 0,
      stopped: "message_stop" in events
    }
  } catch (error) {
    return { deltas: events["content_block_delta"] ?? 0, error: errorOf(error) }
  }
}

export const final = ({ client }: Reached, more: Partial<Params> = {}): Promise<unknown> =>
  shown(
    client.messages
      .stream({ ...params, ...more })
      .finalMessage()
      .then(textOf)
  )

export const paris = "Paris is the capital of France, and has been so for centuries."

/** Makes a row whose requests meet one fault. */
export const faulty = (name: string, one: fault.Fault, expected: unknown, see: Row["see"] = plain): Row => ({
  name,
  expected,
  see: (reached) => {
    reached.claude.when({}).reply(paris)
    reached.claude.fault(one)
    return see(reached)
  }
})

/** Makes a row whose questions for the capital have a reply. */
export const answered = (row: Omit<Row, "see"> & { readonly see: Row["see"] }): Row => ({
  ...row,
  see: (reached) => {
    reached.claude.when({ user: /capital/ }).reply(paris)
    return row.see(reached)
  }
})

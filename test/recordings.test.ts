/** The client against recorded traffic of the real API: every recorded 200 and every recorded or observed error. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { AskError, Claude, Event, Message } from "fanfold"
import { request } from "./FakeClaude.ts"

const root = resolve(import.meta.dirname, "..")
const folder = resolve(root, process.env["FANFOLD_RECORDINGS"] ?? "../shared/recordings")
const isThere = existsSync(join(folder, "observed_errors.json"))
if (!isThere) console.log(`recordings: ${folder} is absent, so the tests against recorded traffic are skipped`)

interface Recorded {
  readonly name: string
  readonly kind: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

const read = (path: string): any => JSON.parse(readFileSync(join(folder, path), "utf8"))

const recordedIn = (kind: string): ReadonlyArray<Recorded> =>
  isThere
    ? readdirSync(join(folder, kind)).map((name) => Object.assign({ name, kind }, read(`${kind}/${name}`).response))
    : []

/** The body was recorded as text, whatever its encoding and length on the wire. */
const ofTheWire = new Set(["content-encoding", "content-length", "transfer-encoding"])

/** Some recordings kept no headers; the type that belongs to the body is then added, since nothing arrives without. */
const responseOf = ({ body, headers, status }: Recorded, chunkBytes?: number): Response => {
  const kept = new Headers(Object.entries(headers).filter(([name]) => !ofTheWire.has(name.toLowerCase())))
  const isText = typeof body === "string"
  if (!kept.has("content-type"))
    kept.set("content-type", isText ? "text/event-stream; charset=utf-8" : "application/json")
  const text = isText ? body : body === null ? "" : JSON.stringify(body)
  return new Response(chunkBytes === undefined ? text : inChunks(text, chunkBytes), { status, headers: kept })
}

const inChunks = (text: string, size: number): ReadableStream<Uint8Array> => {
  const bytes = new TextEncoder().encode(text)
  let at = 0
  return new ReadableStream({
    pull: (controller) => {
      if (at >= bytes.length) return controller.close()
      controller.enqueue(bytes.slice(at, (at += size)))
    }
  })
}

/** Sends through the real client; `deltas` fills with the streamed text, and asking for it makes the client stream. */
const sendTo = (response: () => Response, deltas?: Array<string>) =>
  Claude.make({ apiKey: Redacted.make("sk-ant-recorded"), fetch: () => Promise.resolve(response()) }).pipe(
    Effect.flatMap((claude) => claude.send(request())),
    Effect.provideService(Event.Listener, {
      emit: () => Effect.void,
      ...(deltas !== undefined && { delta: ({ text }: Event.Delta) => void deltas.push(text) })
    })
  )

/** What a recording says, read without the client's own code. */
interface Expected {
  readonly text: string
  readonly stopReason: string
  readonly stopSequence: string | null
  readonly usage: Message.Usage
  readonly content: ReadonlyArray<unknown>
}

const usageOf = (usage: any): Message.Usage => ({
  inputTokens: usage.input_tokens ?? 0,
  cacheCreationInputTokens: usage.cache_creation_input_tokens ?? 0,
  cacheReadInputTokens: usage.cache_read_input_tokens ?? 0,
  outputTokens: usage.output_tokens ?? 0,
  thinkingTokens: usage.output_tokens_details?.thinking_tokens ?? 0,
  webSearches: usage.server_tool_use?.web_search_requests ?? 0,
  ...(usage.server_tool_use?.web_fetch_requests > 0 && { webFetches: usage.server_tool_use.web_fetch_requests }),
  ...(usage.cache_creation?.ephemeral_1h_input_tokens > 0 && {
    cacheCreation1hInputTokens: usage.cache_creation.ephemeral_1h_input_tokens
  })
})

const textOf = (content: ReadonlyArray<any>): string =>
  content
    .filter(({ type }) => type === "text")
    .map(({ text }) => text)
    .join("")

const ofMessage = (message: any): Expected => ({
  text: textOf(message.content),
  stopReason: message.stop_reason,
  stopSequence: message.stop_sequence,
  usage: usageOf(message.usage),
  content: message.content
})

const ofStream = (body: string): Expected => {
  const events = [...body.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!))
  const only = (type: string) => events.filter((event) => event.type === type)
  const joined = (index: number, type: string, field: string) =>
    only("content_block_delta")
      .filter((event) => event.index === index && event.delta.type === type)
      .map((event) => event.delta[field])
  const content = only("content_block_start").map(({ content_block: block, index }) => {
    const input = joined(index, "input_json_delta", "partial_json").join("")
    const signature = joined(index, "signature_delta", "signature").at(-1)
    if ("text" in block) block.text += joined(index, "text_delta", "text").join("")
    if ("thinking" in block) block.thinking += joined(index, "thinking_delta", "thinking").join("")
    if (signature !== undefined) block.signature = signature
    if (input !== "") block.input = JSON.parse(input)
    return block
  })
  const [end] = only("message_delta").slice(-1)
  const started = only("message_start")[0].message
  const said = Object.entries(end.usage).filter(([, count]) => count !== null)
  return {
    text: textOf(content),
    stopReason: end.delta.stop_reason,
    stopSequence: end.delta.stop_sequence ?? null,
    usage: usageOf({ ...started.usage, ...Object.fromEntries(said) }),
    content
  }
}

const assertReply = (reply: Message.Reply, expected: Expected, name: string) => {
  assert.strictEqual(Message.textOf(reply), expected.text, name)
  assert.strictEqual(reply.stopReason, expected.stopReason, name)
  assert.strictEqual(reply.stopSequence, expected.stopSequence, name)
  assert.deepStrictEqual(reply.usage, expected.usage, name)
  assert.deepStrictEqual(reply.content, expected.content as never, name)
}

/** The reason each kind of recorded error stands for, written down by hand. */
const reasons: Readonly<Record<string, AskError.Reason["_tag"]>> = {
  error_400: "InvalidRequest",
  error_401: "Authentication",
  error_404: "NotFound",
  error_413: "TooLarge",
  error_429: "RateLimited",
  error_529: "Overloaded",
  stream_error_event: "Overloaded"
}

const isSmall = ({ body }: Recorded) => (body as string).length < 6000

const hasWideCharacters = ({ body }: Recorded) => /[\u{80}-\u{10ffff}]/u.test(body as string)

describe.skipIf(!isThere)("recorded traffic of the API", () => {
  it.live("decodes every recorded message to its text, stop reason, usage and content", () =>
    Effect.gen(function* () {
      const recordings = recordedIn("messages_json").filter(({ status }) => status === 200)
      for (const recorded of recordings) {
        assertReply(yield* sendTo(() => responseOf(recorded)), ofMessage(recorded.body), recorded.name)
      }
      console.log(`recordings: ${recordings.length} messages decoded`)
      assert.isAtLeast(recordings.length, 400)
    })
  )

  it.live("decodes every recorded stream to its text, stop reason, usage and content", () =>
    Effect.gen(function* () {
      const recordings = recordedIn("messages_stream").filter(({ status }) => status === 200)
      for (const recorded of recordings) {
        const deltas: Array<string> = []
        const expected = ofStream(recorded.body as string)
        assertReply(yield* sendTo(() => responseOf(recorded), deltas), expected, recorded.name)
        assert.strictEqual(deltas.join(""), expected.text, recorded.name)
      }
      console.log(`recordings: ${recordings.length} streams decoded`)
      assert.isAtLeast(recordings.length, 150)
    })
  )

  it.live("decodes a stream that arrives in pieces of any size, split inside of characters too", () =>
    Effect.gen(function* () {
      const small = recordedIn("messages_stream").filter(isSmall)
      const chosen = [...small.filter(hasWideCharacters).slice(0, 5), ...small.slice(0, 5)]
      assert.isTrue(chosen.some(hasWideCharacters))
      for (const recorded of chosen) {
        const expected = ofStream(recorded.body as string)
        for (const size of [1, 2, 3, 5, 7, 64, 999]) {
          const reply = yield* sendTo(() => responseOf(recorded, size), [])
          assertReply(reply, expected, `${recorded.name} in pieces of ${size} bytes`)
        }
      }
      console.log(`recordings: ${chosen.length} streams decoded in pieces of 1 to 999 bytes`)
    })
  )

  it.live("names the reason of every recorded and every observed error", () =>
    Effect.gen(function* () {
      const observed: ReadonlyArray<Recorded> = read("observed_errors.json").map((error: object, index: number) =>
        Object.assign(error, { name: `observed ${index + 1}` })
      )
      const errors = [...["error_400", "error_401", "error_404"].flatMap(recordedIn), ...observed]
      const passed: Record<string, number> = {}
      for (const recorded of errors) {
        const streams = typeof recorded.body === "string"
        const error = yield* Effect.flip(sendTo(() => responseOf(recorded), streams ? [] : undefined))
        const { kind, name } = recorded
        assert.strictEqual(error.reason._tag, reasons[kind], `${kind}, ${name}`)
        const { retryAfterMillis } = error.reason as { readonly retryAfterMillis?: number }
        const seconds = recorded.headers["retry-after"]
        assert.strictEqual(retryAfterMillis, seconds === undefined ? undefined : Number(seconds) * 1000, name)

        const body: any = streams ? JSON.parse(recorded.body.split("data: ")[1]!) : recorded.body
        assert.strictEqual(error.requestId, recorded.headers["request-id"] ?? body?.request_id, `request id, ${name}`)
        if (body?.error) assert.include(error.message, body.error.message, name)
        passed[kind] = (passed[kind] ?? 0) + 1
      }
      console.log(
        `recordings: errors named: ${Object.entries(passed)
          .map((each) => each.join(" "))
          .join(", ")}`
      )
      assert.isAtLeast(errors.length, 24)
      assert.deepStrictEqual(Object.keys(passed).toSorted(), Object.keys(reasons))
    })
  )
})

/** Events in other forms than the API's: text is read or the stream fails, an error is that error, and another API is not asked again. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type AskError, Message } from "fanfold"
import { begun, continued, event, message, stopped } from "../../Loopback.ts"
import { injected, listening, modes, streamed } from "../../RealClient.ts"
import { send } from "../../FakeClaude.ts"

const sent = (body: string, type: string) => (mode: (typeof modes)[number]) =>
  send().pipe(
    listening(mode),
    Effect.provide(injected(() => new Response(body, { headers: { "content-type": type } })))
  )

const data = (json: unknown): string => `data: ${typeof json === "string" ? json : JSON.stringify(json)}\n\n`
const delta = (fields: object | null, index = 0): string =>
  event("content_block_delta", { type: "content_block_delta", index, delta: fields })
const startBlock = (block: object, index = 0): string =>
  event("content_block_start", { type: "content_block_start", index, content_block: block })
const [head = ""] = begun.split("event: content_block_start")
const tail = continued.slice(continued.indexOf("event: content_block_stop")) + stopped
const messageDelta = (fields: object): string => event("message_delta", { type: "message_delta", ...fields })

const chunk = (content: string | null) =>
  data({ object: "chat.completion.chunk", choices: [{ index: 0, delta: { content } }] })

describe("text in another form", () => {
  it.effect.each([
    ["of deltas `text`", begun + delta({ type: "text", text: "is" }) + tail],
    ["of deltas `output_text_delta`", begun + delta({ type: "output_text_delta", text: "is" }) + tail],
    [
      "of deltas and blocks `{value}`",
      `${head}${startBlock({ type: "text", text: { value: "Par" } })}${delta({ type: "text", text: { value: "is" } })}${tail}`
    ],
    ["of an unknown delta of a text block", begun + delta({ type: "of_the_future", text: "is" }) + tail],
    ["of an unknown delta of no block", begun + delta({ type: "of_the_future", text: "is" }, 7) + tail],
    [
      "beside its delta",
      `${begun}${event("content_block_delta", { type: "content_block_delta", index: 0, text: "is" })}${tail}`
    ],
    ["of a block without a type", `${head}${startBlock({ text: "Par" })}${continued}${stopped}`],
    ["of a block `output_text`", `${head}${startBlock({ type: "output_text", text: "Par" })}${continued}${stopped}`],
    ["of a field in capitals", begun + delta({ type: "text_delta", text: "is" }).replace("data:", "Data:") + tail],
    ["of a field behind blanks", begun + delta({ type: "text_delta", text: "is" }).replace("data:", "  data :") + tail],
    ["of a line without a field", begun + delta({ type: "text_delta", text: "is" }).replace("data: ", "") + tail],
    [
      "of lines without a field after a comment",
      `: keep-alive\n\n${(begun + continued + stopped).replaceAll("data: ", "")}`
    ],
    [
      "of fields in capitals alone",
      (begun + continued + stopped).replaceAll("data:", "DATA:").replaceAll("event:", "Event:")
    ],
    ["with empty deltas", begun + delta(null) + delta({ type: "text_delta", text: null }) + continued + stopped],
    ["with a message_delta that is empty", begun + continued + messageDelta({ delta: null }) + stopped],
    [
      "repeated by events `text`",
      `${begun}${data({ type: "text", text: "Par", snapshot: "Par" })}${continued}${data({ type: "text", text: "is" })}${stopped}`
    ],
    [
      "repeated at the end of its block and message",
      begun +
        continued.replace('"content_block_stop","index":0', '$&,"content_block":{"type":"text","text":"Paris"}') +
        event("message_stop", { type: "message_stop", message: message("Paris") })
    ],
    [
      "repeated at the end of its block as `{value}`",
      begun +
        continued.replace(
          '"content_block_stop","index":0',
          '$&,"content_block":{"type":"output_text","text":{"value":"Paris"}}'
        ) +
        stopped
    ],
    ["repeated by a whole message", begun + continued + data(message("Paris")) + stopped],
    ["of one event", `${data(message("Paris"))}data: [DONE]\n\n`],
    ["of one event that nothing ends", data(message("Paris")).trim()]
  ] as const)("%s is read", ([, body]) =>
    Effect.gen(function* () {
      for (const mode of modes) {
        const reply = yield* sent(body, "text/event-stream")(mode)
        assert.strictEqual(Message.textOf(reply), "Paris")
        assert.deepStrictEqual([reply.stopReason, reply.usage.outputTokens], ["end_turn", 7])
      }
    })
  )

  it.effect("is of its block where that is none of text", () =>
    Effect.gen(function* () {
      const unknown = delta({ type: "of_the_future", text: "hm" }, 1)
      const content = (type: string) =>
        Effect.map(streamed(`${begun}${startBlock({ type }, 1)}${unknown}${continued}${stopped}`), (reply) => [
          Message.textOf(reply),
          reply.content[1]
        ])
      assert.deepStrictEqual(yield* content("reasoning"), ["Paris", { type: "reasoning", text: "hm" }])
      assert.deepStrictEqual(yield* content("thinking"), ["Paris", { type: "thinking", thinking: "hm" }])
    })
  )

  it.effect.each([
    ["in a chunk of OpenAI", begun + chunk("is") + tail],
    ["in a chunk of OpenAI before the message", chunk("Par") + begun + continued + stopped],
    ["in a chunk of OpenAI after message_stop", begun + continued + stopped + chunk("!")],
    ["in an event of Responses", `${begun}${event("x", { type: "response.output_text.delta", delta: "is" })}${tail}`],
    ["in an event of Bedrock", `${begun}${data({ contentBlockDelta: { delta: { text: "is" } } })}${tail}`],
    ["in an event of Ollama", `${begun}${data({ message: { content: "is" }, done: false })}${tail}`],
    ["under an unknown name", `${begun}${event("chunk", { text: "is" })}${tail}`],
    ["in an event that is cut, under an unknown name", `${begun}${event("chunk", '{"type":"content_bl')}${tail}`],
    [
      "in a delta of a tool",
      `${begun}${startBlock({ type: "tool_use" }, 1)}${delta({ type: "x", text: "is" }, 1)}${tail}`
    ],
    ["under another field of a text_delta", begun + delta({ type: "text_delta", content: "is" }) + tail],
    ["as a list of parts", begun + delta({ type: "text_delta", text: ["is"] }) + tail],
    ["in a block, as a list of parts", `${head}${startBlock({ type: "text", text: ["Par"] })}${continued}${stopped}`],
    ["in a block, under another field", `${head}${startBlock({ type: "text", content: "Par" })}${continued}${stopped}`],
    [
      "beside a delta",
      begun +
        event("content_block_delta", {
          type: "content_block_delta",
          index: 0,
          delta: { type: "text_delta", text: "i" },
          text: "s"
        }) +
        tail
    ],
    [
      "in a list of deltas",
      begun +
        event("content_block_delta", {
          type: "content_block_delta",
          index: 0,
          deltas: [{ type: "text_delta", text: "is" }]
        }) +
        tail
    ],
    ["in an end of a block", begun + tail.replace('"index":0', '$&,"delta":{"text":"is"}')],
    ["as JSON of a tool", begun + delta({ type: "input_json_delta", partial_json: "is" }) + tail],
    ["of a message that is sent once more", begun + begun + continued + stopped],
    ["in a message_delta", begun + messageDelta({ delta: { text: "is" } }) + tail],
    [
      "in events `text` only",
      `${begun}${data({ type: "text", text: "Par" })}${data({ type: "text", text: "is" })}${tail}`
    ],
    [
      "at the end of its block only",
      begun + tail.replace('"index":0', '$&,"content_block":{"type":"text","text":"Paris"}')
    ],
    ["in a whole message that differs", begun + tail.replace(stopped, "") + data(message("Paris")) + stopped],
    [
      "in a message_start that is repeated",
      head + head.replace('"content":[]', '"content":"Par"') + continued + stopped
    ]
  ] as const)("%s breaks the stream, to be tried again", ([, body]) =>
    Effect.gen(function* () {
      for (const mode of modes) {
        const error = yield* Effect.flip(sent(body, "text/event-stream")(mode))
        assert.include(["BrokenStream", "NotJson"], error.reason._tag, error.message)
        assert.isTrue(error.isRetryable)
      }
    })
  )

  it.effect("is not looked for in what is to be ignored", () =>
    Effect.gen(function* () {
      const ignored = [
        data({ type: "of_the_future", text: "no text of the answer" }),
        chunk(""),
        chunk(null),
        data({ object: "chat.completion.chunk", choices: [], usage: { completion_tokens: 7 } }),
        data({ code: 0, msg: "ok" }),
        data({}),
        data(`{"type":"of_the_future","x":${"[".repeat(100_000)}${"]".repeat(100_000)}}`),
        event("metrics", { message: "sent" }),
        event("keepalive", "ping")
      ].join("")
      const reply = yield* streamed(`${ignored}${begun}${ignored}${continued}${ignored}${stopped}${ignored}`)
      assert.strictEqual(Message.textOf(reply), "Paris")
    })
  )
})

const reason = (stop_reason: string): string => messageDelta({ delta: { stop_reason }, usage: { output_tokens: 7 } })

describe("the stop reason of a stream", () => {
  it.effect("stays one of an answer that is not whole, whatever comes after it", () =>
    Effect.gen(function* () {
      for (const first of ["max_tokens", "refusal", "tool_use"]) {
        const reply = yield* streamed(begun + reason(first) + continued + stopped)
        assert.strictEqual(reply.stopReason, first)
      }
      const cut = yield* streamed(begun + continued + reason("max_tokens") + stopped)
      assert.strictEqual(cut.stopReason, "max_tokens")
    })
  )

  it.effect("does not end a message whose text goes on, and then breaks off", () =>
    Effect.gen(function* () {
      const early = begun + reason("end_turn") + delta({ type: "text_delta", text: "i" })
      const error = yield* Effect.flip(streamed(early))
      assert.strictEqual(error.reason._tag, "CutOff")
      assert.strictEqual(Message.textOf(yield* streamed(early + stopped)), "Pari")
    })
  )
})

describe("an error amid a stream", () => {
  const rejected = { type: "authentication_error", message: "what went wrong" }
  it.effect.each<readonly [where: string, body: string, tag: AskError.Reason["_tag"]]>([
    ["in message_start", event("message_start", { type: "message_start", error: rejected }), "Authentication"],
    [
      "in the message of message_start",
      event("message_start", { type: "message_start", message: { ...message(""), error: rejected } }),
      "Authentication"
    ],
    [
      "in message_delta",
      begun + messageDelta({ delta: { stop_reason: "end_turn" }, error: rejected }),
      "Authentication"
    ],
    ["in the delta of message_delta", begun + messageDelta({ delta: { error: rejected } }), "Authentication"],
    [
      "in a content_block_delta",
      `${begun}${delta({ type: "text_delta", text: "", error: rejected })}`,
      "Authentication"
    ],
    [
      "in message_stop",
      `${begun}${event("message_stop", { type: "message_stop", error: rejected })}`,
      "Authentication"
    ],
    ["as a code", `${begun}${data({ code: 500, msg: "what went wrong" })}`, "ServerError"],
    ["as a code that does not pass", `${begun}${data({ code: 401, msg: "what went wrong" })}`, "Authentication"],
    ["as a message only", `${begun}${data({ message: "Internal server error" })}`, "BrokenStream"],
    ["as AWS names it", `${begun}${event("throttlingException", { message: "what went wrong" })}`, "ServerError"],
    ["of an unknown type", `${begun}${data({ type: "upstream_error", message: "what went wrong" })}`, "ServerError"],
    ["in a message that comes whole", data({ ...message("Paris"), error: rejected }), "Authentication"],
    ["within an unknown type", `${begun}${data({ type: "x", error: rejected })}`, "Authentication"]
  ])("%s is the error of the reply", ([, body, tag]) =>
    Effect.gen(function* () {
      for (const mode of modes) {
        const error = yield* Effect.flip(sent(body + continued + stopped, "text/event-stream")(mode))
        assert.strictEqual(error.reason._tag, tag, error.message)
        assert.strictEqual(error.isRetryable, tag !== "Authentication")
      }
    })
  )

  it.effect("is none where it is empty", () =>
    Effect.gen(function* () {
      const empty = continued.replace('"type":"message_delta"', '$&,"error":{"message":null}')
      assert.strictEqual(Message.textOf(yield* streamed(begun + empty + stopped)), "Paris")
    })
  )
})

describe("a stream of another API", () => {
  const lines = `{"model":"m","message":{"content":"Par"},"done":false}\n{"model":"m","done":true}\n`
  const responses =
    event("response.created", { type: "response.created", response: { id: "r" } }) +
    event("response.output_text.delta", { type: "response.output_text.delta", delta: "Paris" }) +
    event("response.completed", { type: "response.completed", response: { id: "r" } })
  for (const [what, body, type] of [
    ["of OpenAI's Responses", responses, "text/event-stream"],
    ["of events that have text", data({ type: "text", text: "Paris" }), "text/event-stream"],
    ["of the AI SDK", data({ type: "text-delta", delta: "Paris" }), "text/event-stream"],
    ["of Ollama", lines, "application/x-ndjson"],
    ["of Ollama, as text", lines, "text/plain"],
    ["of Ollama that is called a stream", lines, "text/event-stream"]
  ] as const) {
    it.effect(`${what} is not asked again`, () =>
      Effect.gen(function* () {
        for (const mode of modes) {
          const error = yield* Effect.flip(sent(body, type)(mode))
          assert.deepInclude(error.reason, { _tag: "NotJson", contentType: type, isForeign: true })
          assert.isFalse(error.isRetryable)
        }
      })
    )
  }

  it.effect("is none where the message is cut off, whatever else came", () =>
    Effect.gen(function* () {
      const quiet = data({}) + data({ type: "keep-alive" }) + event("heartbeat", { at: 1 }) + data({ type: "ping" })
      for (const body of [data({ id: "x" }) + begun, quiet]) {
        const error = yield* Effect.flip(streamed(body))
        assert.strictEqual(error.reason._tag, "CutOff", body)
      }
    })
  )
})

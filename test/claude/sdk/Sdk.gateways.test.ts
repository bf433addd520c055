/** Streams and messages as gateways send them: what can be read is an answer, and what is an error is that error. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Claude, Message } from "fanfold"
import { send } from "../../FakeClaude.ts"
import {
  apiError,
  begun,
  continued,
  event,
  type Handler,
  json,
  message,
  serve,
  startStream,
  stopped,
  textDelta
} from "../../Loopback.ts"
import { errorFrom, injected, modes, sendTo, streamed } from "../../RealClient.ts"
import { sendFreely } from "./Sending.ts"
import { block, end, start, type StreamEvent, stop, stopBlock, text, write } from "./Streams.ts"

const whole = begun + continued + stopped

const sending =
  (body: string, contentType: string | undefined): Handler =>
  (response) =>
    void response.writeHead(200, contentType === undefined ? {} : { "content-type": contentType }).end(body)

const bodyOf = (...events: ReadonlyArray<StreamEvent>): string =>
  events.map((event) => write(event, { named: true, ending: "\n", comments: false, isPretty: false })).join("")

const textOf = (body: string) => Effect.map(streamed(body), Message.textOf)

describe("a stream as gateways send it", () => {
  const variants: ReadonlyArray<readonly [what: string, body: string]> = [
    ["without event names", whole.replaceAll(/^event: .*\n/gm, "")],
    ["with names of its own", whole.replaceAll(/^event: .*$/gm, "event: data")],
    ["without message_stop", begun + continued],
    ["without message_stop, ended by [DONE]", `${begun}${continued}data: [DONE]\n\n`],
    ["without the blank line at its end", whole.slice(0, -1)],
    ["with CRLF, comments and a byte order mark", `\uFEFF: hello\n\n${whole}`.replaceAll("\n", "\r\n")],
    [
      "with the start of each event sent twice",
      whole.replaceAll(/event: (?:message|content_block)_start\n.*\n\n/g, "$&$&")
    ],
    [
      "with the end sent twice",
      begun + continued + continued.slice(continued.indexOf("event: content_block_stop")) + stopped
    ]
  ]
  it.live.each(variants)("%s is read whole", ([, body]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* textOf(body), "Paris")
      const { arrived, url } = yield* serve(sending(body, "text/event-stream"))
      for (const mode of modes) {
        const reply = yield* sendTo(url, mode)
        assert.strictEqual(Message.textOf(reply), "Paris")
        assert.deepStrictEqual([reply.stopReason, reply.usage.outputTokens], ["end_turn", 7])
      }
      assert.lengthOf(arrived, 2)
    })
  )

  it.effect.each([
    ["of a block that never began", [text(0, "Par"), text(7, "is")]],
    [
      "under the index of a thinking block",
      [block(0, "thinking"), stopBlock(0), block(1), text(0, "Par"), text(0, "is")]
    ],
    [
      "under the index of a block that has ended",
      [block(0), text(0, "P"), stopBlock(0), block(1), text(1, "ar"), text(0, "is")]
    ],
    ["after a tool's input under its index", [block(0, "tool_use"), text(0, "Par"), block(1), text(1, "is")]],
    ["of two blocks under one index", [block(0), text(0, "Par"), block(0), text(0, "is")]],
    ["of two blocks that arrive by turns", [block(0), block(1), text(1, "is"), text(0, "Par")]],
    ["of a block that begins with it", [block(0, "text", "Par"), text(0, "is")]],
    ["without indices", [block(undefined), text(undefined, "Par"), text(undefined, "is")]]
  ] as const)("has text %s in its reply", ([, events]) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* textOf(bodyOf(start("msg_1"), ...events, end(), stop)), "Paris")
    })
  )

  it.effect("gives the live text as it gives the reply, text that its blocks begin with included", () =>
    Effect.gen(function* () {
      const deltas: Array<string> = []
      const body = bodyOf(start("msg_1"), block(0, "text", "Par"), text(3, "is"), end())
      yield* streamed(body, { delta: ({ text }) => void deltas.push(text) })
      assert.strictEqual(deltas.join("|"), "Par|i|s", "the last character may begin a key")
    })
  )

  it.live(
    "is over some seconds after its stop reason where neither message_stop nor its end comes, or where it breaks off",
    () =>
      Effect.gen(function* () {
        const open = yield* serve((response) => void startStream(response).write(begun + continued))
        const cut = yield* serve(
          (response) =>
            void startStream(response).write(begun + continued, () => setImmediate(() => response.destroy()))
        )
        const replies = yield* Effect.all([sendFreely(open.url, "stream"), sendFreely(cut.url, "stream")], {
          concurrency: 2
        })
        assert.deepStrictEqual(replies.map(Message.textOf), ["Paris", "Paris"])
      })
  )

  it.live("may have an event of 20 MB, which arrives in many pieces", () =>
    Effect.gen(function* () {
      const long = "long ".repeat(4_000_000)
      const { url } = yield* serve(sending(begun + textDelta(long) + continued + stopped, "text/event-stream"))
      assert.strictEqual(Message.textOf(yield* sendFreely(url, "stream")), `Par${long}is`)
    })
  )

  it.effect.each([
    ["another message begins within it", begun + bodyOf(start("msg_2")) + whole, "BrokenStream"],
    ["another message begins that has no id", begun + bodyOf(start(undefined)) + continued + stopped, "BrokenStream"],
    ["another message follows it", whole + bodyOf(start("msg_2")), "BrokenStream"],
    ["text follows message_stop", whole + textDelta("!"), "BrokenStream"],
    ["it has no message_start", bodyOf(block(0), text(0, "Paris"), end(), stop), "BrokenStream"],
    ["it ends before a stop reason", begun + bodyOf(end(null)), "CutOff"],
    ["it ends within an event", `${begun}${continued}data: {"type":"content_bl`, "CutOff"]
  ] as const)("fails, to be tried again, where %s", ([, body, tag]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(streamed(body))
      assert.strictEqual(error.reason._tag, tag, error.message)
      assert.isTrue(error.isRetryable)
      assert.include(error.partialText, "Par")
    })
  )
})

describe("a body under a content type that is not its own", () => {
  const types = ["application/json", "text/event-stream", "text/plain", "application/octet-stream", undefined]
  for (const mode of modes) {
    it.live(`is read by what it is (${mode})`, () =>
      Effect.gen(function* () {
        for (const type of types) {
          for (const body of [whole, `: keep-alive\n\n${whole}`, JSON.stringify(message("Paris"), undefined, 2)]) {
            const { url } = yield* serve(sending(body, type))
            assert.strictEqual(Message.textOf(yield* sendTo(url, mode)), "Paris", `${type}: ${body}`)
          }
        }
      })
    )
  }

  it.live("is no message of Claude where it is of another service, and is not asked for again", () =>
    Effect.gen(function* () {
      const choices = [{ index: 0, delta: { content: "Paris" } }]
      const chunk = `data: ${JSON.stringify({ object: "chat.completion.chunk", choices })}\n\ndata: [DONE]\n\n`
      for (const [body, type] of [
        [JSON.stringify({ object: "chat.completion", choices }), "application/json"],
        [chunk, "text/event-stream"]
      ] as const) {
        for (const mode of modes) {
          const error = yield* errorFrom(sending(body, type), mode)
          assert.deepInclude(error.reason, { _tag: "NotJson", contentType: type, isForeign: true })
          assert.isFalse(error.isRetryable)
          assert.include(error.message, "chat.completion")
        }
      }
    })
  )
})

describe("an error within a 200", () => {
  const bodies: ReadonlyArray<readonly [what: string, body: string, type: string]> = [
    ["in JSON", JSON.stringify(apiError("authentication_error")), "application/json"],
    [
      "in JSON of OpenAI's form",
      JSON.stringify({ error: { message: "what went wrong", code: 401 } }),
      "application/json"
    ],
    ["in JSON that is called a stream", JSON.stringify(apiError("authentication_error")), "text/event-stream"],
    ["in a stream", event("error", apiError("authentication_error")), "text/event-stream"],
    ["in a stream without names", `data: ${JSON.stringify(apiError("authentication_error"))}\n\n`, "text/event-stream"],
    [
      "in a stream, in OpenAI's form",
      `data: {"error":{"message":"what went wrong","code":"401"}}\n\n`,
      "text/event-stream"
    ],
    ["in a stream, as text", event("error", "Unauthorized: what went wrong"), "text/event-stream"]
  ]
  for (const [what, body, type] of bodies) {
    it.live(`${what} is that error`, () =>
      Effect.gen(function* () {
        for (const mode of modes) {
          const error = yield* errorFrom(sending(body, type), mode)
          assert.strictEqual(error.reason._tag, "Authentication", error.message)
          assert.include(error.message, "what went wrong")
          assert.isFalse(error.isRetryable)
        }
      })
    )
  }
})

describe("a server that speaks plain HTTP", () => {
  it.live("is not asked over TLS again", () =>
    Effect.gen(function* () {
      const { url } = yield* serve(sending(whole, "text/event-stream"))
      const error = yield* Effect.flip(sendFreely(url.replace("http:", "https:")))
      assert.deepInclude(error.reason, { _tag: "Unreachable", isPassing: false })
      assert.include(error.message, "ERR_SSL_WRONG_VERSION_NUMBER")
    })
  )
})

describe("a message that lacks what the API sends", () => {
  it.effect.each([
    ["id and model", { id: undefined, model: undefined }, ["", "claude-haiku-5-5"]],
    ["none of it", { id: null, model: null }, ["", "claude-haiku-5-5"]],
    ["a list of its blocks", { content: "Paris" }, ["msg_1", "claude-haiku-5-5"]],
    ["nothing", {}, ["msg_1", "claude-haiku-5-5"]]
  ] as const)("%s is an answer all the same", ([, fields, expected]) =>
    Effect.gen(function* () {
      const sent = injected(() => Response.json({ ...message("Paris"), ...fields }))
      const reply = yield* Effect.provide(send(), sent)
      assert.deepStrictEqual([Message.textOf(reply), reply.id, reply.model], ["Paris", ...expected])
    })
  )

  it.live("is paid at the price of the model that was asked", () =>
    Effect.gen(function* () {
      const { url } = yield* serve((response) => void json(response, 200, { ...message("Paris"), model: undefined }))
      assert.strictEqual((yield* sendTo(url, "plain")).model, Claude.askModel)
    })
  )
})

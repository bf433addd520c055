/** The bytes of a reply become its text by the charset they are in, or the attempt fails: no character is replaced unnoticed. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Message } from "fanfold"
import { BodyText } from "../../../src/claude/sdk/BodyText.ts"
import { send } from "../../FakeClaude.ts"
import { begun, continued, message, serve, stopped, textDelta } from "../../Loopback.ts"
import { errorFrom, injected, type Mode, modes, sendTo } from "../../RealClient.ts"

const said = "Café, naïve £5"

const bodyIn = (mode: Mode, encoding: BufferEncoding, after = ""): Buffer =>
  Buffer.from(
    mode === "plain"
      ? JSON.stringify(message(`Par${said}is`)) + after
      : begun + textDelta(said) + continued + stopped + after,
    encoding
  )

const typeOf = (mode: Mode, charset: string) =>
  `${mode === "plain" ? "application/json" : "text/event-stream"}${charset}`

/** Sends the body byte by byte, or at once. */
const sending = (body: Buffer, type: string, isCut: boolean) => (response: import("node:http").ServerResponse) => {
  response.writeHead(200, { "content-type": type })
  if (!isCut) return void response.end(body)
  for (const byte of body) response.write(Uint8Array.of(byte))
  response.end()
}

describe("the text of a body", () => {
  const charsets: ReadonlyArray<readonly [encoding: BufferEncoding, charset: string]> = [
    ["latin1", "; charset=iso-8859-1"],
    ["latin1", '; Charset="Windows-1252"; x=y'],
    ["utf8", "; charset=utf-8"],
    ["utf8", ""],
    ["utf8", "; charset=iso-8859-1"],
    ["utf8", "; charset=of-no-kind"]
  ]
  it.live.each(charsets)("is read in %s under %j", ([encoding, charset]) =>
    Effect.gen(function* () {
      for (const mode of modes) {
        for (const isCut of [false, true]) {
          const { url } = yield* serve(sending(bodyIn(mode, encoding), typeOf(mode, charset), isCut))
          assert.strictEqual(Message.textOf(yield* sendTo(url, mode)), `Par${said}is`)
        }
      }
    })
  )

  it.live("is broken, to be tried again, where its bytes are in neither UTF-8 nor a declared charset", () =>
    Effect.gen(function* () {
      for (const mode of modes) {
        for (const charset of ["", "; charset=utf-8"]) {
          const error = yield* errorFrom(sending(bodyIn(mode, "latin1"), typeOf(mode, charset), false), mode)
          assert.strictEqual(error.reason._tag, "BrokenStream", error.message)
          assert.isTrue(error.isRetryable)
          assert.isAbove(error.usage?.outputTokens ?? 0, 0)
          assert.include(error.partialText, "Par")
        }
      }
    })
  )

  it.live("is whole where wrong bytes follow its end, and has U+FFFD where it was sent", () =>
    Effect.gen(function* () {
      const { url } = yield* serve((response) => {
        response.writeHead(200, { "content-type": "text/event-stream" })
        response.write(bodyIn("stream", "utf8"))
        setImmediate(() => response.end(Buffer.from(": é\n\n", "latin1")))
      })
      assert.strictEqual(Message.textOf(yield* sendTo(url, "stream")), `Par${said}is`)
      const replaced = injected(() => Response.json(message("a \uFFFD")))
      assert.strictEqual(Message.textOf(yield* Effect.provide(send(), replaced)), "a \uFFFD")
    })
  )

  it.live("leaves a page of a proxy what it is, whatever its bytes", () =>
    Effect.gen(function* () {
      for (const mode of modes) {
        const error = yield* errorFrom(sending(Buffer.from("<h1>Café</h1>", "latin1"), "text/html", false), mode)
        assert.strictEqual(error.reason._tag, "NotJson")
        assert.isFalse(error.isRetryable)
      }
    })
  )

  it("is the same however its bytes are cut", () => {
    const texts = ["é", "€", "😀", "a€b😀é", "\uFEFFé"]
    const cases = [
      ...texts.map((text) => [Buffer.from(text), "x/y; charset=latin1", text.replace("\uFEFF", "")] as const),
      [Buffer.from("é€ Çà ÿ".replace("€", "e"), "latin1"), "x/y; charset=latin1", "ée Çà ÿ"],
      [Buffer.from([0x93, 0xfa, 0x96, 0x7b]), "x/y; charset=shift_jis", "日本"],
      [Buffer.from("né", "utf16le"), "x/y; charset=utf-16", "né"]
    ] as const
    for (const [bytes, type, text] of cases) {
      for (const size of [1, 2, 3, 100]) {
        const body = new BodyText(type)
        let read = ""
        for (let at = 0; at < bytes.length; at += size) read += body.decode(bytes.subarray(at, at + size))
        read += body.decode(new Uint8Array(), true)
        assert.strictEqual(read, text)
        assert.isFalse(body.isDamaged)
      }
    }
  })
})

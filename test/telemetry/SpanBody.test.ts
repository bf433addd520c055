/** The body of an export has all its spans, whatever is in them and however many there are. */
import { assert, describe, it } from "@effect/vitest"
import * as Json from "../../src/telemetry/JsonEncoding.ts"
import * as Protobuf from "../../src/telemetry/ProtobufEncoding.ts"
import { SpanBody } from "../../src/telemetry/SpanBody.ts"
import * as ReadProtobuf from "./Protobuf.ts"

const own = { traceId: "0123456789abcdef", spanId: "01234567" }

const encodings = [
  { name: "JSON", encoding: Json.encoding, read: (bytes: Buffer) => JSON.parse(bytes.toString()) },
  { name: "protobuf", encoding: Protobuf.encoding, read: ReadProtobuf.traces }
]

const texts: ReadonlyArray<readonly [title: string, texts: ReadonlyArray<string>]> = [
  ["none", []],
  ["one", ["a"]],
  ["some with characters of several bytes", ["é", "漢字", "🌳"]],
  ["some that no text may hold as it is", ['"', "\\", "\n\u0000", "\u2028"]],
  ["more than a part holds", Array.from({ length: 1000 }, (_, n) => `span ${n} 🌳`)],
  ["large ones", ["a", "漢".repeat(1_000_000), "b"]]
]
const cases = encodings.flatMap(({ encoding, name, read }) =>
  texts.map(([title, texts]) => ({ title, texts, encoding, name, read }))
)

describe("the body of an export", () => {
  it.each(cases)("of $title by $name", ({ encoding, read, texts }) => {
    const body = new SpanBody(encoding, 64)
    const template = encoding.template("call", "client", [encoding.attribute("fanfold.attempt", 1)])
    for (const text of texts) {
      encoding.addAttribute(body.begin(own, own, 1, 2, template), "fanfold.ask.name", text)
      body.end(text, { at: 3, name: "failed", attributes: [encoding.attribute("exception.message", text)] })
    }
    assert.strictEqual(body.count, texts.length)
    const bytes = Buffer.concat(body.whole(encoding.resource({ "service.name": "s" })))
    const [{ resource, scopeSpans }] = read(bytes).resourceSpans
    assert.deepStrictEqual(resource.attributes, [{ key: "service.name", value: { stringValue: "s" } }])
    assert.lengthOf(scopeSpans[0].spans, texts.length)
    for (const [index, span] of scopeSpans[0].spans.entries()) {
      const stringValue = texts[index]
      assert.deepStrictEqual(span.attributes, [
        { key: "fanfold.attempt", value: { intValue: 1 } },
        { key: "fanfold.ask.name", value: { stringValue } }
      ])
      assert.deepStrictEqual(span.status, { code: 2, message: stringValue })
      assert.deepStrictEqual(span.events, [
        {
          timeUnixNano: "3000000",
          name: "failed",
          attributes: [{ key: "exception.message", value: { stringValue } }]
        }
      ])
      assert.deepStrictEqual([span.startTimeUnixNano, span.endTimeUnixNano], ["1000000", "2000000"])
    }
  })

  it.each(encodings)("leaves out a span that an exception has cut off, by $name", ({ encoding, read }) => {
    const body = new SpanBody(encoding, 64)
    const template = encoding.template("call", "client", [encoding.attribute("fanfold.attempt", 1)])
    body.begin(own, undefined, 1, 2, template)
    body.end(undefined, undefined)
    body.begin(own, undefined, 1, 2, template)
    body.begin(own, undefined, 1, 2, template)
    body.end(undefined, undefined)
    body.begin(own, undefined, 1, 2, template)
    const { resourceSpans } = read(Buffer.concat(body.whole(encoding.resource({}))))
    assert.lengthOf(resourceSpans[0].scopeSpans[0].spans, 2)
  })
})

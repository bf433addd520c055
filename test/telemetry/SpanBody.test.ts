/** The body of an export is the JSON of its spans, whatever is in them and however many there are. */
import { assert, describe, it } from "@effect/vitest"
import { SpanBody } from "../../src/telemetry/SpanBody.ts"

describe("the body of an export", () => {
  it.each([
    ["none", []],
    ["one", ["a"]],
    ["some with characters of several bytes", ["é", "漢字", "🌳"]],
    ["more than a part holds", Array.from({ length: 50_000 }, (_, n) => `span ${n} 🌳`)],
    ["one that is larger than a part", ["a", "漢".repeat(1_000_000), "b"]]
  ])("of %s", (_, texts) => {
    const body = new SpanBody('{"spans":[', "]}")
    for (const text of texts) body.add(JSON.stringify(text))
    assert.strictEqual(body.count, texts.length)
    assert.deepStrictEqual(JSON.parse(Buffer.concat(body.end()).toString()), { spans: texts })
  })
})

/** Text of a model on a page: what is seen is what is there. */
import { assert, describe, it } from "@effect/vitest"
import { inert, inertDocument } from "../../src/report/PlainText.ts"

describe("text on a page", () => {
  it("has nothing that reorders it or is not seen", () => {
    const direction = "user\u202Etxt.exe\u202C \u2066a\u2069 \u200Eb\u200F"
    assert.strictEqual(inert(direction), "usertxt.exe a b")
    assert.strictEqual(
      inert("pay\u200Bpal\uFEFF \u00ADsoft \u2060word \u{E0041}tag \u3164filler"),
      "paypal soft word tag filler"
    )
    assert.strictEqual(inert("a\u200Db\u200Cc"), "abc")
  })

  it("keeps the joiners of emoji and of scripts that need them", () => {
    for (const text of ["👩‍👩‍👧", "👩🏽‍🚀", "می‌خواهم", "क्‍ष", "❤️"]) assert.strictEqual(inert(text), text)
  })

  it("keeps the lines of a document, and makes one of a title", () => {
    assert.strictEqual(inertDocument("a\r\nb\rc\td\u001B[31m"), "a\nb\nc\td[31m")
    assert.strictEqual(inert("a\nb\u2028c"), "a b c")
  })
})

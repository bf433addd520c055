/** Addresses of databases, as messages have them. */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as Address from "../../../src/journal/postgres/Address.ts"

describe("the place of an address", () => {
  it("has an IPv6 host in brackets, so that it is an address again", () => {
    const { place } = Result.getOrThrow(Address.parse("postgres://owner:secret@[::1]:5433/runs"))
    assert.strictEqual(place, "postgres://[::1]:5433/runs")
    assert.strictEqual(Result.getOrThrow(Address.parse(place)).place, place)
  })
})

/** The client's tables once more, over a global `fetch` that somebody replaced: it sends instead of the transport. */
import { assert, describe, it } from "@effect/vitest"
import "./Sdk.faults.test.ts"
import "./Sdk.interruption.test.ts"
import "./Sdk.request.test.ts"
import "./Sdk.status.test.ts"
import "./Sdk.test.ts"

let calls = 0
const { fetch } = globalThis
globalThis.fetch = (...args) => {
  calls++
  return fetch(...args)
}

describe("a global fetch that was replaced", () => {
  it("was used for all of it", () => {
    assert.isAbove(calls, 80)
  })
})

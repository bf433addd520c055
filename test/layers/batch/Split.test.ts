/** How requests are divided among batches. */
import { assert, describe, it } from "@effect/vitest"
import { Member } from "../../../src/layers/batch/Member.ts"
import { groupsOf, split } from "../../../src/layers/batch/Split.ts"
import { request } from "../../FakeClaude.ts"

const members = (count: number, context?: string) =>
  Array.from(
    { length: count },
    (_, n) => new Member(`id${n}`, "ask", request(`${n}?`, context === undefined ? {} : { context }))
  )

const sizes = (parts: ReadonlyArray<ReadonlyArray<Member>>) => parts.map(({ length }) => length)

describe("a split", () => {
  it("makes as few batches as the limits of the API allow, in order", () => {
    const all = members(7)
    assert.deepStrictEqual(split(all).flat(), all)
    assert.deepStrictEqual(sizes(split(all, { requests: 3, bytes: 1e6 })), [3, 3, 1])
    assert.deepStrictEqual(sizes(split([])), [])
  })

  it("counts bytes of UTF-8, and gives what is too large a batch of its own, which the API rejects", () => {
    const large = new Member("large", "ask", request("ä".repeat(2000)))
    assert.deepStrictEqual(
      sizes(split([...members(2), large, ...members(2)], { requests: 100, bytes: 2500 })),
      [2, 1, 2]
    )
  })
})

describe("groups", () => {
  const document = "A sentence of the document that all of them share.  ".repeat(1540)

  it("have a leader where several share a document that is long enough to be cached", () => {
    const shared = members(3, document)
    const short = members(2, "too short")
    const alone = new Member("alone", "ask", request("?", { context: document, model: "claude-opus-5-5" }))
    const { followers, leaders, others } = groupsOf([...shared, ...short, alone])
    assert.deepStrictEqual(leaders, shared.slice(0, 1))
    assert.deepStrictEqual(followers, shared.slice(1))
    assert.deepStrictEqual(others, [...short, alone])
  })
})

/** The citations of a stream; a long answer has thousands of them. */
import { assert, describe, it } from "@effect/vitest"
import { StreamAccumulator } from "../../../src/claude/sdk/StreamAccumulator.ts"

const start = (index: number, citations: unknown) => ({
  type: "content_block_start",
  index,
  content_block: { type: "text", text: "", ...(citations !== undefined && { citations }) }
})
const cite = (index: number, citation: unknown) => ({
  type: "content_block_delta",
  index,
  delta: { type: "citations_delta", citation }
})

const taking = () => {
  const message = new StreamAccumulator()
  const take = (...events: ReadonlyArray<{ readonly type: string }>) => {
    for (const event of events) message.take(event.type, JSON.stringify(event))
    return message.partialReply.content.map(({ citations }) => citations as ReadonlyArray<unknown>)
  }
  return take
}

describe("citations of a stream", () => {
  it("are kept in order, whatever their block began with", () => {
    const take = taking()
    for (const [index, began] of [undefined, null, [], [0]].entries()) {
      take(start(index, began), cite(index, 1), cite(index, 2))
    }
    assert.deepStrictEqual(take(), [
      [1, 2],
      [1, 2],
      [1, 2],
      [0, 1, 2]
    ])
  })

  it("are added to one list, which is not copied for each of them", () => {
    const take = taking()
    const [before] = take(start(0, []), cite(0, 1))
    const [after] = take(cite(0, 2))
    assert.strictEqual(after, before)
  })
})

/** A tape plays with the times of its recording, which are seconds here that pass at once. */
import { assert, describe, it } from "@effect/vitest"
import { clock, fault, latency, mockClaude, record, replay } from "fanfold/mocks"
import { type Form, key, params, tapes, ways } from "./RoundTrip.ts"

const tape = await tapes()

/** When the headers and each part of a reply arrive; a failure is the last entry. */
const times = async (fetch: typeof globalThis.fetch, time: clock.Manual, form: Form) => {
  const startedAt = time.now()
  const arrived: Array<number> = []
  const read = async () => {
    const reply = await fetch("http://x/v1/messages", {
      method: "POST",
      headers: { "x-api-key": key, "anthropic-version": "2023-06-01" },
      body: JSON.stringify({ ...params("Why?"), ...(form === "streamed" && { stream: true }) })
    })
    arrived.push(time.now() - startedAt)
    const reader = reply.body!.getReader()
    for (let part = await reader.read(); !part.done; part = await reader.read()) arrived.push(time.now() - startedAt)
  }
  const done = read().catch(() => void arrived.push(time.now() - startedAt))
  for (let step = 0; step < 400; step++) await time.advance(10)
  await done
  return arrived
}

/** Records a reply that takes 3 s, of which 1 s to its first token. */
const recorded = async (file: string, form: Form) => {
  const time = clock.manual(0)
  const claude = mockClaude({ clock: time, latency: latency.fixed(3000, { firstTokenMillis: 1000 }) })
  claude.when({}).reply("A text of some words, which arrives in several parts.")
  return times(record(file, { fetch: claude.fetch, clock: time }).fetch, time, form)
}

describe("a tape", () => {
  it.each(ways)("plays in the recorded time, $recorded played $played", async ({ played, recorded: form }) => {
    const file = tape(`${form}-${played}`)
    const before = await recorded(file, form)
    const time = clock.manual(5000)
    const after = await times((await replay(file, { clock: time })).fetch, time, played)
    assert.strictEqual(after.at(-1), before.at(-1))
    assert.strictEqual(after.at(-1), 3000)
    if (form === played) assert.deepStrictEqual(after, before)
    if (form === "streamed" && played === "streamed") {
      assert.isAbove(new Set(after).size, 3)
      assert.strictEqual(after[1], 1000)
    }
  })

  it("divides the recorded times by its speed", async () => {
    const file = tape("speed")
    const before = await recorded(file, "streamed")
    const time = clock.manual(0)
    const after = await times((await replay(file, { clock: time, speed: 2 })).fetch, time, "streamed")
    assert.deepStrictEqual(
      after,
      before.map((millis) => millis / 2)
    )
  })

  it("fails after the time in which the connection failed", async () => {
    const file = tape("failed")
    const time = clock.manual(0)
    const claude = mockClaude({ clock: time })
    claude.fault(fault.reset())
    const fetch: typeof globalThis.fetch = async (input, init) => {
      await time.sleep(700)
      return claude.fetch(input, init)
    }
    await times(record(file, { fetch, clock: time }).fetch, time, "plain")
    assert.deepStrictEqual(await times((await replay(file, { clock: time })).fetch, time, "streamed"), [700])
  })
})

/** A tape that several runs were recorded on, one after the other, gives each run its own answers. */
import { readFile, writeFile } from "node:fs/promises"
import { assert, describe, it } from "@effect/vitest"
import { clock, fault, latency, mockClaude, record, replay } from "fanfold/mocks"
import { answer, answers, clientOf, type Form, params, player, recorder, tapes, ways } from "./RoundTrip.ts"

const tape = await tapes()

/** Records a run that asks these questions of a mock that answers each with its question and the name of the run. */
const run = async (file: string, name: string, form: Form, questions: ReadonlyArray<string>) => {
  const claude = mockClaude()
  for (const question of new Set(questions)) claude.when({ user: question }).reply(`${question} ${name}`)
  return answers(
    recorder(file, claude.fetch),
    form,
    questions.map((question) => params(question))
  )
}

/** A request that follows on this answer. */
const after = (answer: string) =>
  params("", {
    messages: [
      { role: "user", content: "sky" },
      { role: "assistant", content: answer },
      { role: "user", content: "why" }
    ]
  })

describe("a tape of several runs", () => {
  it.each(ways)("gives the runs their answers in turn, $recorded played $played", async ({ played, recorded }) => {
    const file = tape(`turns-${recorded}-${played}`)
    await run(file, "A", recorded, ["sky", "sky", "sea"])
    await run(file, "B", recorded, ["sky", "sea"])
    const client = await player(file)
    const again = (questions: ReadonlyArray<string>) =>
      answers(
        client,
        played,
        questions.map((question) => params(question))
      )
    assert.deepStrictEqual(await again(["sky", "sky", "sea"]), ["sky A", "sky A", "sea A"])
    assert.deepStrictEqual(await again(["sky", "sea", "sky"]), ["sky B", "sea B", "400"])
  })

  it("stays with the run that it plays, where an earlier one has an unused answer", async () => {
    const file = tape("unused")
    await run(file, "A", "plain", ["sky", "sea"])
    await run(file, "B", "plain", ["sky", "sea"])
    const client = await player(file)
    // The first run played leaves out "sea".
    assert.strictEqual(await answer(client, "plain", params("sky")), "sky A")
    assert.deepStrictEqual(await answers(client, "plain", [params("sky"), params("sea")]), ["sky B", "sea B"])
  })

  it("takes no answer from another run for the form in which it was recorded", async () => {
    const file = tape("form")
    await run(file, "A", "streamed", ["sky"])
    await run(file, "A", "plain", ["sea"])
    await run(file, "B", "plain", ["sky", "sea"])
    assert.deepStrictEqual(await answers(await player(file), "plain", [params("sky"), params("sea")]), [
      "sky A",
      "sea A"
    ])
  })

  it("finds what only a later run asked", async () => {
    const file = tape("later")
    await run(file, "A", "plain", ["sky"])
    await run(file, "B", "plain", ["sky", "sea"])
    const client = await player(file)
    const all = [params("sea"), params("sky"), params("sky")]
    assert.deepStrictEqual(await answers(client, "plain", all), ["sea B", "sky B", "sky A"])
  })

  it("finds the answer to the history that a request has", async () => {
    const file = tape("history")
    const claude = mockClaude()
    claude.when({ user: "why" }).reply("scattering").once()
    claude.when({ user: "why" }).reply("clouds").once()
    const asked = [after("blue"), after("grey")]
    await answers(recorder(file, claude.fetch), "plain", asked)
    const client = await player(file)
    assert.deepStrictEqual(await answers(client, "streamed", asked.toReversed()), ["clouds", "scattering"])
    assert.strictEqual(await answer(client, "streamed", after("red")), "400")
  })

  it("plays equal requests in the order in which they left, not in which they were answered", async () => {
    const file = tape("order")
    let millis = 300
    const time = clock.manual(0)
    const claude = mockClaude({
      clock: time,
      latency: () => ({ firstTokenMillis: (millis -= 100), totalMillis: millis })
    })
    claude.when({ user: "sky" }).reply("first").once()
    claude.when({ user: "sky" }).reply("second").once()
    const client = recorder(file, claude.fetch)
    const both = Promise.all([answer(client, "plain", params("sky")), answer(client, "plain", params("sky"))])
    for (let step = 0; step < 50; step++) await time.advance(10)
    assert.deepStrictEqual(await both, ["first", "second"])
    assert.match(await readFile(file, "utf8"), /second[^]*first/)
    assert.deepStrictEqual(await answers(await player(file), "plain", [params("sky"), params("sky")]), [
      "first",
      "second"
    ])
  })

  it("answers a second copy of a request that is on its way like the first", async () => {
    const file = tape("copies")
    const time = clock.manual(0)
    const recording = mockClaude({ latency: latency.fixed(5) })
    recording.when({ user: "sky" }).reply("blue")
    await answer(recorder(file, recording.fetch), "plain", params("sky"))
    const client = clientOf((await replay(file, { clock: time })).fetch)
    const both = Promise.all([answer(client, "plain", params("sky")), answer(client, "plain", params("sky"))])
    for (let step = 0; step < 20; step++) await time.advance(10)
    assert.deepStrictEqual(await both, ["blue", "blue"])
    assert.strictEqual(await answer(client, "plain", params("sky")), "400")
  })

  it("plays lines without an id as one run", async () => {
    const file = tape("old")
    await run(file, "A", "plain", ["sky", "sky"])
    const text = await readFile(file, "utf8")
    await writeFile(file, text.replaceAll(/"recording":"[^"]*","nth":\d+,/g, ""))
    assert.notInclude(await readFile(file, "utf8"), "recording")
    assert.deepStrictEqual(await answers(await player(file), "plain", [params("sky"), params("sky")]), [
      "sky A",
      "sky A"
    ])
  })

  it("keeps an error whose body the client cancelled, and no reply that the client gave up", async () => {
    const file = tape("cancelled")
    const claude = mockClaude()
    claude.fault(fault.overloaded(), { times: 1 })
    const { fetch } = record(file, { fetch: claude.fetch })
    const send = (body: object, signal?: AbortSignal) =>
      fetch("http://x/v1/messages", {
        method: "POST",
        headers: { "x-api-key": "any", "anthropic-version": "2023-06-01" },
        body: JSON.stringify(body),
        signal: signal ?? null
      })
    const request = params("sky")
    await (await send(request)).body!.cancel()
    await (await send({ ...request, stream: true })).body!.cancel()
    const stop = new AbortController()
    const reader = (await send({ ...request, stream: true }, stop.signal)).body!.getReader()
    stop.abort()
    await reader.read().catch(() => {})
    assert.deepStrictEqual(await answers(await player(file), "plain", [request, request]), ["529", "400"])
  })
})

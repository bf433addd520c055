/** A tape that several runs were recorded on, one after the other, gives each run its own answers. */
import { readFile, writeFile } from "node:fs/promises"
import { assert, describe, it } from "@effect/vitest"
import { clock, latency, mockClaude, record, replay } from "fanfold/mocks"
import { answer, answers, clientOf, type Form, forms, params, player, recorder, tapes, ways } from "./RoundTrip.ts"

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

/** A body that never ends, unless the client ends it. */
const hanging = (signal: AbortSignal) =>
  new ReadableStream<Uint8Array>({
    start: (controller) => {
      controller.enqueue(new TextEncoder().encode("data: 1\n\n"))
      signal.addEventListener("abort", () => controller.error(signal.reason))
    }
  })

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

  it("says that it holds several runs, where an answer of another one led to a request that is not on it", async () => {
    const file = tape("stopped")
    await run(file, "A", "plain", ["sky"])
    const message = async () =>
      forms.plain(await player(file), after("blue")).then(
        () => "answered",
        (error: Error) => error.message
      )
    assert.match(await message(), /Record again, or ask what was recorded/)
    await run(file, "B", "plain", ["sky", "sea"])
    assert.match(await message(), /The tape holds 2 runs, .*: delete the tape and record again/)
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

  it("stays with a run where two equal requests are on their way at once", async () => {
    const file = tape("at-once")
    await run(file, "A", "plain", ["sky", "sea"])
    await run(file, "B", "plain", ["sky", "sea"])
    const client = await player(file)
    const ask = (question: string) => answer(client, "plain", params(question))
    assert.deepStrictEqual(await Promise.all([ask("sky"), ask("sky")]), ["sky A", "sky B"])
    assert.strictEqual(await ask("sea"), "sea A")
  })

  it("keeps an error whose body the client cancelled", async () => {
    const file = tape("cancelled")
    const parts = ['{"type":"error","error":{"type":"overloaded_error",', '"message":"Overloaded"}}']
    const body = () =>
      new ReadableStream<Uint8Array>({
        pull: (controller) => {
          const part = parts.shift()
          if (part === undefined) controller.close()
          else controller.enqueue(new TextEncoder().encode(part))
        }
      })
    const { fetch } = record(file, { fetch: () => Promise.resolve(new Response(body(), { status: 529 })) })
    await (await fetch("http://x/v1/messages", { method: "POST", body: JSON.stringify(params("sky")) })).body!.cancel()
    const played = (await replay(file)).fetch
    const reply = await played("http://x/v1/messages", { method: "POST", body: JSON.stringify(params("sky")) })
    assert.deepInclude(await reply.json(), { error: { type: "overloaded_error", message: "Overloaded" } })
  })

  it("keeps no reply that the client gave up before its end", async () => {
    const file = tape("given-up")
    let ends = false
    const { fetch } = record(file, {
      fetch: (_, init) => Promise.resolve(new Response(ends ? "data: 1\n\n" : hanging(init!.signal!)))
    })
    const give = async (stop: AbortController) => {
      const request = { method: "POST", body: JSON.stringify(params("sky")), signal: stop.signal }
      const reader = (await fetch("http://x/v1/messages", request)).body!.getReader()
      await reader.read()
      return reader
    }
    const stop = new AbortController()
    const aborted = await give(stop)
    stop.abort()
    assert.strictEqual(await aborted.read().then(String, (error: Error) => error.name), "AbortError")
    await (await give(new AbortController())).cancel()
    // Lines are written in order, so that one of before would be there.
    ends = true
    await (await give(new AbortController())).read()
    assert.strictEqual((await readFile(file, "utf8")).match(/\n/g)?.length, 1)
  })
})

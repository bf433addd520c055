/** Tapes that were not written to their end, or that an editor or shell wrote again in another encoding. */
import { readFile, truncate, writeFile } from "node:fs/promises"
import { assert, describe, it } from "@effect/vitest"
import { mockClaude, replay } from "fanfold/mocks"
import { answers, params, player, recorder, tapes, ways } from "./RoundTrip.ts"

const tape = await tapes()
const requests = ["sky", "sea"].map((question) => params(question))

/** Records two questions, and gives the tape and what the answers were. */
const recorded = async (name: string, form: "plain" | "streamed" = "plain") => {
  const file = tape(name)
  const claude = mockClaude()
  claude.when({ user: "sky" }).reply("blué 🌤")
  claude.when({ user: "sea" }).reply("green")
  return { file, texts: await answers(recorder(file, claude.fetch), form, requests) }
}

const utf16 = (text: string, isBigEndian: boolean): Buffer => {
  const bytes = Buffer.from(`\uFEFF${text}`, "utf16le")
  return isBigEndian ? bytes.swap16() : bytes
}
const windows = (text: string): string => text.replaceAll("\n", "\r\n")

const encodings: ReadonlyArray<readonly [name: string, (text: string) => string | Buffer]> = [
  ["a byte order mark", (text) => `\uFEFF${text}`],
  ["line ends of Windows", (text) => `\uFEFF${windows(text)}`],
  ["byte order marks within", (text) => text.replaceAll("\n", "\n\uFEFF")],
  ["UTF-16", (text) => utf16(windows(text), false)],
  ["UTF-16 with the other byte order", (text) => utf16(text, true)],
  ["no end of the last line", (text) => text.trimEnd()]
]

const refused = (line: number): string => `line ${line} is no exchange of a tape`
const messageOf = (file: string): Promise<string> =>
  replay(file).then(
    () => "read",
    (error: Error) => error.message
  )

describe("a tape", () => {
  it.each(encodings)("with %s is read, and added to", async (name, encode) => {
    const { file, texts } = await recorded(name)
    await writeFile(file, encode(await readFile(file, "utf8")))
    const torn: Array<number> = []
    assert.deepStrictEqual(await answers(await player(file, (line) => torn.push(line)), "plain", requests), texts)
    await answers(recorder(file, mockClaude().fetch), "plain", [params("more")])
    const all = [...requests, params("more")]
    assert.notInclude(await answers(await player(file, (line) => torn.push(line)), "plain", all), "400")
    assert.deepStrictEqual(torn, [])
  })

  it.each(ways)("is read up to a line torn by a kill, $recorded played $played", async ({ played, recorded: form }) => {
    const { file, texts } = await recorded(`torn-${form}-${played}`, form)
    const whole = await readFile(file, "utf8")
    const lastAt = whole.indexOf("\n") + 1
    for (const length of [lastAt + 1, lastAt + 15, lastAt + 200, whole.length - 2]) {
      await writeFile(file, whole)
      await truncate(file, Buffer.byteLength(whole.slice(0, length)))
      const torn: Array<number> = []
      const client = await player(file, (line) => torn.push(line))
      assert.deepStrictEqual(await answers(client, played, requests), [texts[0]!, "400"])
      assert.deepStrictEqual(torn, [2])
    }
  })

  it("is added to below a torn line", async () => {
    const { file, texts } = await recorded("torn-and-added")
    await truncate(file, (await readFile(file)).length - 20)
    const claude = mockClaude()
    claude.when({ user: "sea" }).reply("grey")
    await answers(recorder(file, claude.fetch), "plain", [params("sea"), params("sea")])
    const torn: Array<number> = []
    const client = await player(file, (line) => torn.push(line))
    assert.deepStrictEqual(await answers(client, "plain", requests), [texts[0]!, "grey"])
    assert.deepStrictEqual(torn, [2])
  })

  it("warns of a torn line by the name TornTape", async () => {
    const { file } = await recorded("warned")
    await truncate(file, (await readFile(file)).length - 20)
    const warned = new Promise<Error>((resolve) => process.once("warning", resolve))
    await replay(file)
    const { message, name } = await warned
    assert.deepStrictEqual([name, message], ["TornTape", `Line 2 of the tape ${file} is torn, and left out`])
  })

  it("is refused with the number of a line that is damaged otherwise", async () => {
    const { file } = await recorded("damaged")
    const [first = "", second = ""] = (await readFile(file, "utf8")).split("\n")
    const damaged: ReadonlyArray<readonly [string, string]> = [
      [`${first.slice(0, -20)}\n${second}\n`, refused(1)],
      [`\n${first}\n${second.slice(0, 40)}\n${second}\n`, refused(3)],
      [`${first}${second}\n`, refused(1)],
      [`${first}\nnotes`, refused(2)],
      [`${first}\n{"request":{}}`, refused(2)],
      ["notes\n", refused(1)]
    ]
    for (const [text, message] of damaged) {
      await writeFile(file, text)
      assert.strictEqual(await messageOf(file), message, text)
    }
  })
})

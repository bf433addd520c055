/** A file of rows that is read in pieces: where its first wrong byte is. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import * as TextChunks from "../../../src/plan/rows/TextChunks.ts"
import { folders } from "../../cli/Process.ts"

const folder = folders()

/** A piece has 262,144 bytes: the first one ends after the first byte of an é. */
const long = `${"a,b\n".repeat(65_535)}cde`
const bytes = (...parts: ReadonlyArray<string | ReadonlyArray<number>>) =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.from(part))))
const utf16 = (text: string, more: ReadonlyArray<number> = []) =>
  Buffer.concat([Buffer.from(`\ufeff${text}`, "utf16le"), Buffer.from(more)])

describe("bytes that are no text are named by line and offset", () => {
  const rows: ReadonlyArray<readonly [what: string, file: Uint8Array, line: number, message: string]> = [
    [
      "in Latin-1",
      Buffer.from("id,q\n1,Was ist Gr\xfcn?\n", "latin1"),
      2,
      "is not UTF-8 (byte 0xFC in line 2, at offset 17)"
    ],
    [
      "after a character that two pieces share",
      bytes(`${long}é\n`, [0xff]),
      65_537,
      "is not UTF-8 (byte 0xFF in line 65537, at offset 262,146)"
    ],
    [
      "in a character that two pieces share",
      bytes(long, [0xc3, 0x41]),
      65_536,
      "is not UTF-8 (byte 0xC3 in line 65536, at offset 262,143)"
    ],
    ["where the file ends in a character", bytes("a\nb", [0xe2, 0x82]), 2, "is not UTF-8 (it ends within a character)"],
    ["that are NUL", bytes("id,q\n1,a\0"), 2, "has NUL characters (the first byte 0x00 at offset 8)"],
    ["that are NUL in UTF-16", utf16("id\nā\0"), 2, "has NUL characters (the first byte 0x00 at offset 10)"],
    ["that are half of UTF-16", utf16("id\na\n", [0x20]), 3, "has broken UTF-16 (at offset 12)"]
  ]
  for (const [what, file, line, message] of rows) {
    it.effect(what, () =>
      Effect.gen(function* () {
        const path = join(folder(), "a.csv")
        writeFileSync(path, file)
        const problem = yield* Effect.flip(Stream.runDrain(TextChunks.read(path, "a.csv")))
        assert.deepStrictEqual(problem.position, { line, column: 1 })
        assert.include(problem.message, message)
      }).pipe(Effect.provide(NodeServices.layer))
    )
  }

  it.effect.skipIf(process.platform === "win32")("but a device is not read", () =>
    Effect.gen(function* () {
      const problem = yield* Effect.flip(Stream.runDrain(TextChunks.read("/dev/null", "a.csv")))
      assert.strictEqual(problem.message, "is a pipe or a device: save what it gives as a file")
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("and a character that two pieces share is read whole", () =>
    Effect.gen(function* () {
      const path = join(folder(), "a.csv")
      writeFileSync(path, `${long}é`)
      const chunks = yield* Stream.runCollect(TextChunks.read(path, "a.csv"))
      assert.strictEqual(chunks.join(""), `${long}é`)
    }).pipe(Effect.provide(NodeServices.layer))
  )
})

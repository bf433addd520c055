/** The bytes that are read as text, and those that are not. */
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { decode } from "../../src/documents/TextFile.ts"

const bytes = (...parts: ReadonlyArray<string | ReadonlyArray<number>>) =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.from(part))))
const bom = "\ufeff"

describe("a file is read", () => {
  const rows: ReadonlyArray<readonly [what: string, file: Uint8Array, text: string]> = [
    ["in UTF-8", bytes("Café – 日本 😀\r\n"), "Café – 日本 😀\r\n"],
    ["without its byte order mark", bytes(`${bom}a`), "a"],
    ["with a U+FFFD that was written", bytes("a \ufffd b"), "a \ufffd b"],
    ["in UTF-16 with a mark", Buffer.from(`${bom}é😀`, "utf16le"), "é😀"],
    ["in UTF-16, big-endian, with a mark", Buffer.from(`${bom}é😀`, "utf16le").swap16(), "é😀"],
    ["that is empty", bytes(""), ""],
    ["about images", bytes("GIF89a is a format\n"), "GIF89a is a format\n"],
    ["about PDFs", bytes("%PDF-1.4 begins a file"), "%PDF-1.4 begins a file"],
    ["that is cut to the last whole character", bytes("a\u{1f600}"), "a😀"]
  ]
  for (const [what, file, text] of rows) it(what, () => assert.deepStrictEqual(decode(file), Result.succeed(text)))
})

describe("a file is rejected", () => {
  const rows: ReadonlyArray<readonly [what: string, file: Uint8Array, message: RegExp]> = [
    [
      "in Windows-1252",
      Buffer.from("one\ntwo\nCaf\xe9 bar", "latin1"),
      /^is not UTF-8 \(byte 0xE9 in line 3, at offset 11\): save it as UTF-8$/
    ],
    ["cut within a character", bytes("a😀").subarray(0, 3), /^is not UTF-8 \(it ends within a character\)/],
    ["in CESU-8, with surrogates", bytes([0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]), /^is not UTF-8/],
    [
      "in UTF-16 without a mark",
      Buffer.from("asks: {}", "utf16le"),
      /^has NUL characters \(the first byte 0x00 at offset 1\): .*UTF-16/
    ],
    [
      "in UTF-16 with half of a pair",
      Buffer.from(`${bom}\ud83d`, "utf16le"),
      /^has broken UTF-16 \(at offset \d\): save it as UTF-8$/
    ],
    ["in UTF-32", bytes([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0]), /NUL/],
    [
      "that is an image",
      bytes([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
      /^is a PNG image: expected text in UTF-8$/
    ],
    ["that is compressed", bytes([0x1f, 0x8b, 8, 0]), /^is a gzip file/],
    ["that is a PDF of ASCII", bytes("%PDF-1.4\n"), /^is a PDF/],
    ["that is a PDF after a mark and blanks", bytes(`${bom}\r\n %PDF-1.7\r%x`), /^is a PDF/],
    ["that is a small GIF", bytes("GIF89a", [0x40, 1, 0xf0, 1, 0x80]), /^is a GIF image/],
    ["that is RTF", bytes("{\\rtf1\\ansi hello}"), /^is an RTF file/],
    ["that is PostScript", bytes("%!PS-Adobe-3.0\n"), /^is a PostScript file/],
    [
      "that Git LFS has not fetched",
      bytes("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"),
      /^is the pointer that Git LFS/
    ],
    ["that is a Word document", bytes("PK", [3, 4, 20]), /^is a zip file, as \.docx/]
  ]
  for (const [what, file, message] of rows) {
    it(what, () => {
      const decoded = decode(file)
      assert(Result.isFailure(decoded))
      assert.match(decoded.failure, message)
    })
  }
})

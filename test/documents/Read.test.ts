/** What a file becomes, and every file that is rejected with its name before anything is sent. */
import { appendFileSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Documents from "../../src/documents/Documents.ts"
import { folderWith, images, pdfOf, pngOf } from "./Files.ts"

const bom = "\ufeff"
const folder = folderWith({
  ...images,
  "contract.pdf": pdfOf(["One.", "Two.", "Three."]),
  "late.pdf": Buffer.concat([Buffer.from("junk\n"), pdfOf(["One."])]),
  "logo.png": pngOf(640, 480),
  "notes.md": `${bom}Café.\n`,
  "mark.txt": Buffer.from(`${bom}Café`, "utf16le"),
  "locked.pdf": pdfOf(["One."], "unknown"),
  "sealed.pdf": pdfOf(["One."], "empty"),
  "text.pdf": "Hello.",
  "cut.pdf": pdfOf(["One.", "Two."]).subarray(0, 300),
  "scan.png": images["a.jpg"],
  "cut.png": pngOf(640, 480).subarray(0, 50),
  "cut.jpg": images["a.jpg"].subarray(0, -1),
  "header.jpg": images["a.jpg"].subarray(0, 40),
  "cut.gif": images["a.gif"].subarray(0, -3),
  "colours.gif": images["a.gif"].subarray(0, 15),
  "cut.webp": images["a.webp"].subarray(0, -2),
  "more.png": Buffer.concat([pngOf(640, 480), Buffer.from("more")]),
  "more.jpg": Buffer.concat([images["a.jpg"], Buffer.alloc(5000, 1)]),
  "more.gif": Buffer.concat([images["a.gif"].subarray(0, -1), Buffer.from("more")]),
  "bare.gif": images["a.gif"].subarray(0, -1),
  "more.webp": Buffer.concat([images["a.webp"], Buffer.from("more")]),
  "report.txt": pdfOf(["One."]),
  "broken.png": pngOf(0, 0),
  "wide.png": pngOf(8001, 10),
  "heavy.png": pngOf(100, 100, 4_000_000),
  "latin.txt": Buffer.from("one\nCaf\xe9 bar", "latin1"),
  "bare.txt": Buffer.from("Cafe", "utf16le"),
  "zero.pdf": "",
  "blank.txt": " \n",
  "huge.pdf": Buffer.alloc(24_000_001)
})
mkdirSync(join(folder, "sub"))

const read = (file: string) => Documents.context([{ file }], new Documents.Reader(folder))

describe("a file becomes a document", () => {
  const rows: ReadonlyArray<readonly [file: string, facts: object]> = [
    ["contract.pdf", { mediaType: "application/pdf", pages: 3, title: "contract.pdf" }],
    ["late.pdf", { mediaType: "application/pdf", pages: 1, title: "late.pdf" }],
    ["logo.png", { mediaType: "image/png", width: 640, height: 480, title: "logo.png" }],
    ["a.gif", { mediaType: "image/gif", width: 3, height: 2, title: "a.gif" }],
    ["a.jpg", { mediaType: "image/jpeg", width: 3, height: 2, title: "a.jpg" }],
    ["a.webp", { mediaType: "image/webp", width: 3, height: 2, title: "a.webp" }],
    // What stands behind the end of an image is let pass, and a GIF needs no trailer.
    ["more.png", { mediaType: "image/png", width: 640, height: 480, title: "more.png" }],
    ["more.jpg", { mediaType: "image/jpeg", width: 3, height: 2, title: "more.jpg" }],
    ["more.gif", { mediaType: "image/gif", width: 3, height: 2, title: "more.gif" }],
    ["bare.gif", { mediaType: "image/gif", width: 3, height: 2, title: "bare.gif" }],
    ["more.webp", { mediaType: "image/webp", width: 3, height: 2, title: "more.webp" }]
  ]
  for (const [file, facts] of rows) {
    it.effect(file, () =>
      Effect.map(read(file), (documents) => {
        const [document] = documents as ReadonlyArray<{ readonly data: string }>
        const { data, ...found }: { readonly data: string } & Record<string, unknown> = document!
        assert.deepStrictEqual(found, facts as typeof found)
        assert.match(data, /^[A-Za-z0-9+/]+=*$/)
      })
    )
  }

  for (const file of ["notes.md", "mark.txt"]) {
    it.effect(`${file}, whose text is kept without its mark`, () =>
      Effect.map(read(file), (documents) =>
        assert.deepStrictEqual(documents as unknown, [
          { mediaType: "text/plain", data: file === "notes.md" ? "Café.\n" : "Café", title: file }
        ])
      )
    )
  }

  it.effect("once, however often it is named", () =>
    Effect.gen(function* () {
      const reader = new Documents.Reader(folder)
      const files = yield* Documents.files(["contract.pdf", { file: "./contract.pdf", title: "The contract" }], reader)
      assert.strictEqual(files[0]?.data, files[1]?.data)
      assert.deepStrictEqual(
        files.map(({ title }) => title),
        ["contract.pdf", "The contract"]
      )
      assert.deepStrictEqual(reader.files, [join(folder, "contract.pdf")])
    })
  )

  it.effect("or stays text where it is the only one, of text", () =>
    Effect.map(Documents.context({ file: "notes.md" }, new Documents.Reader(folder)), (context) =>
      assert.strictEqual(context, "Café.\n")
    )
  )
})

describe("a file is rejected", () => {
  const rows: ReadonlyArray<readonly [file: string, message: string | RegExp]> = [
    ["locked.pdf", "is a PDF with a password or encryption, which the API rejects: save it without"],
    ["sealed.pdf", "is a PDF with a password or encryption, which the API rejects: save it without"],
    ["text.pdf", "is not a PDF by its first bytes, as its name says"],
    ["cut.pdf", "is a damaged PDF: its pages cannot be found"],
    ["scan.png", "is a JPEG image: give it a name that ends in .jpg"],
    ["report.txt", "is a PDF: give it a name that ends in .pdf"],
    ["broken.png", "is a damaged image: its width and height cannot be found"],
    ["cut.png", "is a damaged image: the chunk IEND is missing at its end; save it again"],
    ["cut.jpg", "is a damaged image: the marker FF D9 is missing at its end; save it again"],
    ["header.jpg", "is a damaged image: the marker FF D9 is missing at its end; save it again"],
    ["cut.gif", "is a damaged image: the rest of a picture is missing at its end; save it again"],
    ["colours.gif", "is a damaged image: the rest of a picture is missing at its end; save it again"],
    ["cut.webp", "is a damaged image: 2 of 38 bytes are missing at its end; save it again"],
    ["wide.png", "has 8,001 × 10 pixels, and the API takes 8,000 on each side: save it smaller"],
    ["heavy.png", "is too large: an image may have 5.2 MB in base64, it has 5.3 MB; save it smaller"],
    ["latin.txt", "is not UTF-8 (byte 0xE9 in line 2, at offset 7): save it as UTF-8"],
    ["bare.txt", /^has NUL characters \(the first byte 0x00 at offset 1\)/],
    ["none.pdf", "no such file"],
    ["sub", "is a folder: name the files in it"],
    ["zero.pdf", "is empty"],
    ["blank.txt", "is empty"],
    ["huge.pdf", "is too large: it has 25 MB, and a request takes 24 MB of files; split it"]
  ]
  for (const [file, message] of rows) {
    it.effect(file, () =>
      Effect.map(Effect.flip(read(file)), ([issue, ...others]) => {
        assert.deepStrictEqual([issue?.path, others], [["context", 0, "file"], []])
        if (typeof message === "string") assert.strictEqual(issue?.message, `${file}: ${message}`)
        else assert.match(issue?.message.slice(file.length + 2) ?? "", message)
      })
    )
  }

  it.effect("that changes while it is read", () =>
    Effect.gen(function* () {
      const own = folderWith({ "log.txt": "one line\n" })
      const { open } = process.getBuiltinModule("node:fs/promises")
      const file = yield* Effect.promise(() => open(join(own, "log.txt")))
      const { prototype } = file.constructor as {
        readonly prototype: { readFile: (...args: Array<unknown>) => unknown }
      }
      yield* Effect.promise(() => file.close())
      const { readFile } = prototype
      prototype.readFile = function (...args) {
        prototype.readFile = readFile
        const read = readFile.apply(this, args)
        appendFileSync(join(own, "log.txt"), "another\n")
        return read
      }
      const issues = yield* Effect.flip(Documents.context({ file: "log.txt" }, new Documents.Reader(own)))
      assert.deepStrictEqual(issues, [
        {
          path: ["context", "file"],
          message: "log.txt: changed while it was read: start again once nothing writes to it"
        }
      ])
    })
  )

  it.effect("with all others that are", () =>
    Effect.gen(function* () {
      const items = [{ file: "none.pdf" }, "text", { file: "sub" }]
      const issues = yield* Effect.flip(Documents.context(items, new Documents.Reader(folder)))
      assert.deepStrictEqual(
        issues.map(({ path }) => path),
        [
          ["context", 0, "file"],
          ["context", 2, "file"]
        ]
      )
    })
  )
})

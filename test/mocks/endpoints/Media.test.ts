/** What the mock makes of documents and images: their tokens, what it rejects, and the places that it cites. */
import { assert, describe, it } from "@effect/vitest"
import { mockClaude } from "fanfold/mocks"
import { images, pdfOf, pngOf } from "../../documents/Files.ts"
import { body, post } from "../ask.ts"

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64")

const document = (bytes: Uint8Array, more: object = {}) => ({
  type: "document",
  source: { type: "base64", media_type: "application/pdf", data: base64(bytes) },
  ...more
})
const image = (bytes: Uint8Array, mediaType = "image/png") => ({
  type: "image",
  source: { type: "base64", media_type: mediaType, data: base64(bytes) }
})
const cited = { citations: { enabled: true } }
const textDocument = { type: "document", source: { type: "text", media_type: "text/plain", data: "One. Two words." } }

const sent = async (blocks: ReadonlyArray<object>, more: object = {}, claude = mockClaude()) => {
  const messages = [{ role: "user", content: [...blocks, { type: "text", text: "What of two words?" }] }]
  const response = await post(claude.fetch, { ...body("?"), messages, ...more })
  const json: any = await response.json()
  return { status: response.status, json }
}

const pages = (count: number): Uint8Array => pdfOf(Array.from({ length: count }, (_, index) => `Page ${index + 1}.`))

const tokensWithout = async (): Promise<number> => (await sent([])).json.usage.input_tokens

describe("the mock counts", () => {
  const rows: ReadonlyArray<readonly [what: string, block: object, tokens: number]> = [
    ["a page of a PDF as its text and its image", document(pages(1)), 3850],
    ["each page", document(pages(12)), 12 * 3850],
    ["the pixels of an image", image(pngOf(750, 100)), 100],
    ["a large image as a smaller one", image(pngOf(8000, 8000)), 1600]
  ]
  for (const [what, block, tokens] of rows) {
    it(what, async () => {
      const { json } = await sent([block])
      assert.strictEqual(json.usage.input_tokens - (await tokensWithout()), tokens)
    })
  }
})

describe("the mock rejects", () => {
  const small = { model: "claude-haiku-4-5" }
  const rows: ReadonlyArray<
    readonly [what: string, blocks: ReadonlyArray<object>, message: string | RegExp, more?: object]
  > = [
    ["a PDF with a password", [document(pdfOf(["x"], "unknown"))], "The PDF specified is password protected."],
    ["a PDF with encryption", [document(pdfOf(["x"], "empty"))], "The PDF specified is password protected."],
    ["a PDF that is none", [document(Buffer.from("x"))], "The PDF specified was not valid."],
    [
      "601 pages",
      [document(pages(601))],
      "messages.0.content.0.pdf.source.base64.data: A maximum of 600 PDF pages may be provided.",
      { model: "claude-haiku-5-5" }
    ],
    [
      "101 pages for a window of 200,000 tokens",
      [document(pages(101))],
      "messages.0.content.0.pdf.source.base64.data: A maximum of 100 PDF pages may be provided.",
      small
    ],
    [
      "pages and images together",
      [document(pages(99)), image(pngOf(1, 1)), image(pngOf(1, 1))],
      "Too much media: 99 document pages + 2 images > 100",
      small
    ],
    [
      "an image of more than 5 MB",
      [image(pngOf(1, 1, 4_000_000))],
      "messages.0.content.0.image.source.base64: image exceeds 5 MB maximum: 5333336 bytes > 5242880 bytes"
    ],
    [
      "an image of more than 8,000 pixels",
      [image(pngOf(8001, 1))],
      "messages.0.content.0.image.source.base64.data: At least one of the image dimensions exceed max allowed size: 8000 pixels"
    ],
    [
      "more than 2,000 pixels where there are many",
      [...Array.from({ length: 20 }, () => image(pngOf(1, 1))), image(pngOf(2001, 1))],
      "messages.0.content.20.image.source.base64.data: At least one of the image dimensions exceed max allowed size for many-image requests: 2000 pixels"
    ],
    [
      "an image of another type",
      [image(images["a.gif"])],
      "messages.0.content.0.image.source.base64.data: Image does not match the provided media type image/png"
    ],
    ["citations on some documents", [document(pages(1), cited), textDocument], /citations must be enabled on all/],
    [
      "a file without an id",
      [{ type: "document", source: { type: "file" } }],
      "messages.0.content.0.document.source.file.file_id: Field required"
    ]
  ]
  for (const [what, blocks, message, more] of rows) {
    it(what, async () => {
      const { json, status } = await sent(blocks, more)
      assert.strictEqual(status, 400)
      if (typeof message === "string") assert.strictEqual(json.error.message, message)
      else assert.match(json.error.message, message)
    })
  }
})

describe("the mock cites", () => {
  const content = [
    { type: "text", text: "First block." },
    { type: "text", text: "What of two words?" }
  ]
  const rows: ReadonlyArray<readonly [what: string, block: object, citation: object]> = [
    [
      "the page of a PDF",
      document(pdfOf(["Nothing here.", "What of two words? Much."]), { title: "Deed" }),
      { type: "page_location", document_title: "Deed", start_page_number: 2, end_page_number: 3 }
    ],
    [
      "the characters of a text",
      { ...textDocument, title: "Note" },
      { type: "char_location", cited_text: "Two words.", start_char_index: 5, end_char_index: 15 }
    ],
    [
      "the blocks of contents",
      { type: "document", source: { type: "content", content } },
      { type: "content_block_location", document_title: null, start_block_index: 1, end_block_index: 2 }
    ]
  ]
  for (const [what, block, citation] of rows) {
    it(what, async () => {
      const { json } = await sent([{ ...block, ...cited }])
      const found = json.content.find(({ citations }: any) => citations !== undefined)
      assert.include(found.citations[0], { document_index: 0, ...citation })
    })
  }

  it("files by their id, without text, where the scenario has them", async () => {
    const file = { type: "document", source: { type: "file", file_id: "file_011CNha8" } }
    const known = await sent([file], {}, mockClaude({ scenario: { files: ["file_011CNha8"] } }))
    assert.deepStrictEqual([known.status, known.json.type], [200, "message"])
    for (const block of [
      file,
      { type: "container_upload", file_id: "file_011CNha8" },
      { type: "image", source: { type: "file", file_id: "file_011CNha8" } }
    ]) {
      const { json, status } = await sent([block])
      assert.deepStrictEqual(
        [status, json.error.type, json.error.message],
        [404, "not_found_error", "File not found: file_011CNha8"]
      )
    }
  })
})

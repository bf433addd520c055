/** What the API would reject of the documents of a request together, with their names. */
import { assert, describe, it } from "@effect/vitest"
import type { Message } from "fanfold"
import type { Document } from "../../src/claude/Document.ts"
import { problemOf } from "../../src/documents/Limits.ts"
import { request } from "../FakeClaude.ts"

const pdf = (pages: number, more: Partial<Document> = {}): Document => ({
  mediaType: "application/pdf",
  data: "",
  title: "a.pdf",
  pages,
  ...more
})
const image = (width: number, title = "i.png"): Document => ({
  mediaType: "image/png",
  data: "",
  title,
  width,
  height: 100
})
const cited = { citations: true } as const
const answerSchema = { type: "object" }
const [large, small] = [["claude-haiku-5-5"], ["claude-haiku-5-5", "claude-haiku-4-5"]]

type Row = readonly [what: string, given: Partial<Message.Request>, models: ReadonlyArray<string>, problem: string]

describe("the documents of a request", () => {
  const wrong: ReadonlyArray<Row> = [
    ["600 pages at most", { context: [pdf(601)] }, large, "a.pdf: 601 pages, and claude-haiku-5-5 takes 600 pages"],
    ["100 of a smaller window", { context: [pdf(101)] }, small, "a.pdf: 101 pages, and claude-haiku-4-5 takes 100"],
    [
      "pages with images",
      { context: [pdf(99)], files: [image(1), image(1)] },
      small,
      "a.pdf, i.png, i.png: 99 pages and 2 images, and claude-haiku-4-5 takes 100 pages and images"
    ],
    [
      "many images of 2,000 pixels",
      { context: [...Array.from({ length: 20 }, () => image(1)), image(2001, "wide.png")] },
      large,
      "wide.png: has 2,001 × 100 pixels, and of more than 20 images in a request the API takes 2,000 on each side"
    ],
    [
      "32 MB",
      { context: [pdf(1, { data: "a".repeat(32_000_001) })] },
      large,
      "a.pdf: 33 MB in base64 together, and the API takes 32 MB a request"
    ],
    [
      "citations on all",
      { context: [pdf(1, cited)], files: [pdf(1, { title: "b.pdf" })] },
      large,
      "b.pdf: has no citations, and a.pdf has: the API takes them on all documents of a request, or on none"
    ],
    [
      "citations without an answer schema",
      { context: [pdf(1, cited)], answerSchema },
      large,
      "a.pdf: citations and an answer schema exclude each other"
    ]
  ]
  for (const [what, given, models, problem] of wrong) {
    it(`have ${what}`, () => assert.include(problemOf(request("why?", given), models), problem))
  }

  const right: ReadonlyArray<readonly [what: string, given: Partial<Message.Request>, models: ReadonlyArray<string>]> =
    [
      ["600 pages", { context: [pdf(600)] }, large],
      ["a model that is not known", { context: [pdf(601)] }, ["mine"]],
      ["20 large images", { context: Array.from({ length: 20 }, () => image(8000)) }, large],
      [
        "citations beside images and plain text",
        { context: [pdf(1, cited), image(1), { mediaType: "text/plain", data: "x" }] },
        large
      ]
    ]
  for (const [what, given, models] of right) {
    it(`may be ${what}`, () => assert.isUndefined(problemOf(request("why?", given), models)))
  }
})

/** What a file is: a PDF, an image or a text, by its first bytes; and whether its name says the same. */
import { Result } from "effect"
import { imageTypes } from "../claude/Document.ts"
import * as TextFile from "./TextFile.ts"

/** The media types of files that are sent as they are. */
export type Binary = "application/pdf" | (typeof imageTypes)[number]

interface Kind {
  readonly mediaType: Binary
  readonly name: string
  readonly endings: ReadonlyArray<string>
}

const kinds: ReadonlyArray<Kind> = [
  { mediaType: "application/pdf", name: "a PDF", endings: [".pdf"] },
  { mediaType: "image/png", name: "a PNG image", endings: [".png"] },
  { mediaType: "image/jpeg", name: "a JPEG image", endings: [".jpg", ".jpeg"] },
  { mediaType: "image/gif", name: "a GIF image", endings: [".gif"] },
  { mediaType: "image/webp", name: "a WebP image", endings: [".webp"] }
]

/** A reader of PDFs takes those with other bytes before them, within the first so many. */
const beginningBytes = 1024

const textOf = (bytes: Uint8Array, start: number, end: number): string =>
  String.fromCharCode(...bytes.subarray(start, end))

/** By the first bytes; `undefined` of a text, and of what cannot be sent. */
const foundIn = (bytes: Uint8Array, named: Binary | undefined): Binary | undefined => {
  const start = textOf(bytes, 0, 12)
  if (start.startsWith("\x89PNG\r\n\x1a\n")) return "image/png"
  if (start.startsWith("\xff\xd8\xff")) return "image/jpeg"
  if (/^GIF8[79]a/.test(start) && TextFile.kindOf(bytes) === "a GIF image") return "image/gif"
  if (/^RIFF[^]{4}WEBP/.test(start)) return "image/webp"
  // A text may be about PDFs.
  const isPdf =
    named === "application/pdf"
      ? /%PDF-\d\.\d/.test(textOf(bytes, 0, beginningBytes))
      : TextFile.kindOf(bytes) === "a PDF"
  return isPdf ? "application/pdf" : undefined
}

/** The media type that the ending of a name stands for; `undefined` where that is a text, or not known. */
export const typeOfName = (name: string): Binary | undefined =>
  kinds.find(({ endings }) => endings.some((ending) => name.toLowerCase().endsWith(ending)))?.mediaType

const nameOf = (mediaType: Binary): string => kinds.find((kind) => kind.mediaType === mediaType)!.name

/** What the bytes of a file are, or what is wrong with them for its name, in words that follow the name. */
export const read = (name: string, bytes: Uint8Array): Result.Result<Binary | "text/plain", string> => {
  const named = typeOfName(name)
  const found = foundIn(bytes, named)
  if (found === named) return Result.succeed(found ?? "text/plain")
  if (found === undefined) {
    const other = TextFile.kindOf(bytes)
    const found = other === undefined ? "" : `: it is ${other}`
    return Result.fail(`is not ${nameOf(named!)} by its first bytes, as its name says${found}`)
  }
  const { endings } = kinds.find(({ mediaType }) => mediaType === found)!
  return Result.fail(`is ${nameOf(found)}: give it a name that ends in ${endings[0]}`)
}

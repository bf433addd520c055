/** The bytes of a file as text: UTF-8, or UTF-16 with a byte order mark. Anything else is an error, so that no damaged text is sent. */
import { Result } from "effect"
import { numberText } from "../options/NumberText.ts"

const signatures: ReadonlyArray<readonly [what: string, ...bytes: ReadonlyArray<number>]> = [
  ["a PNG image", 0x89, 0x50, 0x4e, 0x47],
  ["a JPEG image", 0xff, 0xd8, 0xff],
  ["a gzip file", 0x1f, 0x8b],
  ["a zip file, as .docx and .xlsx are", 0x50, 0x4b, 0x03, 0x04],
  ["an old Word or Excel file", 0xd0, 0xcf, 0x11, 0xe0]
]

/** Beginnings in ASCII, with what makes them more than a text about such files, such as the size of an image, or a line for itself. */
const beginnings: ReadonlyArray<readonly [what: string, beginning: RegExp]> = [
  ["a GIF image", /^GIF8[79]a[^]{0,3}?(?![\t\n\r])\p{Cc}/u],
  ["an RTF file", /^\{\\rtf\d?\\/],
  ["a PostScript file", /^%!PS-Adobe-\d/],
  [
    "the pointer that Git LFS leaves in the place of a file (git lfs pull fetches it)",
    /^version https:\/\/git-lfs\.github\.com\/spec\/v1\r?\noid sha256:/
  ],
  ["a PDF", /^(?:\xef\xbb\xbf)?\s*%PDF-\d\.\d\s*?[\r\n]/]
]

/** The longest beginning of a file that is looked at. A PDF may have other bytes before it. */
const beginningBytes = 1024

const begins = (bytes: Uint8Array, start: ReadonlyArray<number>): boolean =>
  start.every((byte, index) => bytes[index] === byte)

/** What a file is by its first bytes, where that is no text: `a PDF`. */
export const kindOf = (bytes: Uint8Array): string | undefined => {
  const [known] = signatures.find(([, ...start]) => begins(bytes, start)) ?? []
  if (known !== undefined) return known
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, beginningBytes))
  return beginnings.find(([, beginning]) => beginning.test(start))?.[0]
}

/** The encoding of a text by the byte order mark that it may begin with. */
export const encodingOf = (bytes: Uint8Array): "utf-8" | "utf-16le" | "utf-16be" =>
  begins(bytes, [0xff, 0xfe]) ? "utf-16le" : begins(bytes, [0xfe, 0xff]) ? "utf-16be" : "utf-8"

/** The text of a file without its byte order mark, or what is wrong with its bytes, in words that follow the file's name. */
export const decode = (bytes: Uint8Array): Result.Result<string, string> => {
  const kind = kindOf(bytes)
  if (kind !== undefined) return Result.fail(`is ${kind}: expected text in UTF-8`)
  const encoding = encodingOf(bytes)
  const decoded = Result.try(() => new TextDecoder(encoding, { fatal: true }).decode(bytes))
  if (Result.isFailure(decoded))
    return Result.fail(
      encoding === "utf-8"
        ? notUtf8(bytes)
        : `has broken UTF-16 (at offset ${numberText(firstWrong(bytes, encoding))}): save it as UTF-8`
    )
  const text = decoded.success
  if (!text.includes("\0")) return Result.succeed(text)
  const offset = numberText(bytes.indexOf(0))
  return Result.fail(
    `has NUL characters (the first byte 0x00 at offset ${offset}): it is binary, or in UTF-16 or UTF-32 without a mark that can be read; save it as UTF-8`
  )
}

const notUtf8 = (bytes: Uint8Array): string => {
  const offset = beginningOf(bytes, firstWrong(bytes, "utf-8"))
  const line = bytes.subarray(0, offset).reduce((count, byte) => count + (byte === 0x0a ? 1 : 0), 1)
  const byte = bytes[offset]?.toString(16).toUpperCase().padStart(2, "0")
  const found =
    byte === undefined
      ? "it ends within a character"
      : `byte 0x${byte} in line ${line}, at offset ${numberText(offset)}`
  return `is not UTF-8 (${found}): save it as UTF-8`
}

/** The offset of the character that ends too early before `offset`, or `offset`. */
const beginningOf = (bytes: Uint8Array, offset: number): number => {
  for (let back = 1; back <= 3 && offset < bytes.length; back += 1) {
    const byte = bytes[offset - back] ?? 0
    if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? offset - back : offset
  }
  return offset
}

/** The offset of the first byte that no text of the encoding has there: all shorter prefixes decode. */
const firstWrong = (bytes: Uint8Array, encoding: string): number => {
  let [low, high] = [0, bytes.length]
  while (low < high) {
    const middle = Math.floor((low + high) / 2) + 1
    const prefix = bytes.subarray(0, middle)
    const isGood = Result.isSuccess(
      Result.try(() => new TextDecoder(encoding, { fatal: true }).decode(prefix, { stream: true }))
    )
    if (isGood) low = middle
    else high = middle - 1
  }
  return low
}

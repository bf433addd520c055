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

export type Encoding = "utf-8" | "utf-16le" | "utf-16be"

/** The encoding of a text by the byte order mark that it may begin with. */
export const encodingOf = (bytes: Uint8Array): Encoding =>
  begins(bytes, [0xff, 0xfe]) ? "utf-16le" : begins(bytes, [0xfe, 0xff]) ? "utf-16be" : "utf-8"

/** The text of a file without its byte order mark, or what is wrong with its bytes, in words that follow the file's name. */
export const decode = (bytes: Uint8Array): Result.Result<string, string> => {
  const kind = kindOf(bytes)
  if (kind !== undefined) return Result.fail(`is ${kind}: expected text in UTF-8`)
  const encoding = encodingOf(bytes)
  const decoded = Result.try(() => new TextDecoder(encoding, { fatal: true }).decode(bytes))
  return Result.isSuccess(decoded) && !decoded.success.includes("\0")
    ? Result.succeed(decoded.success)
    : Result.fail(problemOf(bytes, encoding).message)
}

/** What is wrong with bytes that are no text or have NUL characters, and the line of it. `line` and `offset`: where they begin in their file. */
export const problemOf = (
  bytes: Uint8Array,
  encoding: Encoding,
  { line, offset }: { readonly line: number; readonly offset: number } = { line: 1, offset: 0 }
): { readonly line: number; readonly message: string } => {
  const wrong = firstWrong(bytes, encoding)
  const zero = firstZero(bytes.subarray(0, wrong), encoding)
  const at = zero ?? wrong - openBytes(bytes.subarray(0, wrong), encoding)
  const before = new TextDecoder(encoding).decode(bytes.subarray(0, at))
  const wrongLine = line + before.split("\n").length - 1
  const place = `at offset ${numberText(offset + at)}`
  const byte = bytes[at]?.toString(16).toUpperCase().padStart(2, "0")
  const message =
    zero !== undefined
      ? `has NUL characters (the first byte 0x00 ${place}): it is binary, or in UTF-16 or UTF-32 without a mark that can be read; save it as UTF-8`
      : encoding !== "utf-8"
        ? `has broken UTF-16 (${place}): save it as UTF-8`
        : `is not UTF-8 (${wrong === bytes.length ? "it ends within a character" : `byte 0x${byte} in line ${wrongLine}, ${place}`}): save it as UTF-8`
  return { line: wrongLine, message }
}

/** The offset of the first NUL character. */
const firstZero = (bytes: Uint8Array, encoding: Encoding): number | undefined => {
  for (let at = bytes.indexOf(0); at >= 0; at = bytes.indexOf(0, at + 1)) {
    if (encoding === "utf-8" || (at % 2 === 0 && bytes[at + 1] === 0)) return at
  }
  return undefined
}

/** How many of the last bytes begin a character that does not end in them. */
export const openBytes = (bytes: Uint8Array, encoding: Encoding): number => {
  if (encoding !== "utf-8") {
    const odd = bytes.length % 2
    const high = bytes[bytes.length - odd - (encoding === "utf-16le" ? 1 : 2)] ?? 0
    return odd + (high >= 0xd8 && high <= 0xdb ? 2 : 0)
  }
  for (let back = 1; back <= 3; back += 1) {
    const byte = bytes.at(-back) ?? 0
    if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? back : 0
  }
  return 0
}

/** The offset of the first byte that no text of the encoding has there: all shorter prefixes decode. */
const firstWrong = (bytes: Uint8Array, encoding: Encoding): number => {
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

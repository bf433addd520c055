/**
 * Whether an image is whole: a download that was cut has its size in its first bytes, and would be sent. What follows the end is let
 * pass, as programs that show images do.
 */
import { numberText } from "../options/NumberText.ts"

/** PNG ends with an empty chunk (W3C PNG, 11.2.5). */
const pngIsWhole = (bytes: Buffer): boolean => bytes.includes("\0\0\0\0IEND", 8, "latin1")

const startOfScan = 0xda

/** JPEG ends with the marker EOI (ITU T.81, B.1.1.3), which may stand in the thumbnail of a segment, too: these are left out. */
const jpegIsWhole = (bytes: Buffer): boolean => {
  let at = 2
  while (at + 4 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== startOfScan) {
    // Markers may have fill bytes before them.
    at += bytes[at + 1] === 0xff ? 1 : 2 + bytes.readUInt16BE(at + 2)
  }
  return bytes.includes(Buffer.from([0xff, 0xd9]), at)
}

/** Where the blocks of data end that begin at `at`, each with its length before it; beyond the file where it was cut. */
const afterBlocks = (bytes: Buffer, at: number): number => {
  let next = at
  while (next < bytes.length && bytes[next] !== 0) next += 1 + bytes[next]!
  return next + 1
}

/** The bytes of a table of colours, by the flags that say whether there is one. */
const coloursOf = (flags = 0): number => ((flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1))

/** GIF is a list of blocks (GIF89a, appendix B). One that ends after an image has no trailer, which nothing needs. */
const gifIsWhole = (bytes: Buffer): boolean => {
  let at = 13 + coloursOf(bytes[10])
  let hasImage = false
  while (at < bytes.length) {
    if (bytes[at] === 0x21) at = afterBlocks(bytes, at + 2)
    else if (bytes[at] === 0x2c) {
      at = afterBlocks(bytes, at + 11 + coloursOf(bytes[at + 9]))
      hasImage = at <= bytes.length
    } else break
  }
  return hasImage && at <= bytes.length
}

/** WebP says its size at the beginning; the byte that makes it even may be missing. */
const missingOfWebp = (bytes: Buffer): string | undefined => {
  const size = bytes.readUInt32LE(4) + 8
  const missing = size - bytes.length
  return missing > 1 ? `${numberText(missing)} of ${numberText(size)} bytes are` : undefined
}

/** What a damaged image lacks, before `missing`; `undefined` of one that is whole, or of another kind. */
export const missingOf = (image: Uint8Array, type: string | undefined): string | undefined => {
  const bytes = Buffer.from(image.buffer, image.byteOffset, image.length)
  if (type === "png") return pngIsWhole(bytes) ? undefined : "the chunk IEND is"
  if (type === "jpg") return jpegIsWhole(bytes) ? undefined : "the marker FF D9 is"
  if (type === "gif") return gifIsWhole(bytes) ? undefined : "the rest of a picture is"
  return type === "webp" ? missingOfWebp(bytes) : undefined
}

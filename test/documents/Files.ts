/** Files that documents are made of, in a folder of their own. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

export { pdfOf } from "../../bench/material/PdfFile.ts"

const folders: Array<string> = []
process.on("exit", () => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })))

/** A folder with these files. */
export const folderWith = (files: Readonly<Record<string, string | Uint8Array>>): string => {
  const folder = mkdtempSync(join(tmpdir(), "fanfold-documents-"))
  folders.push(folder)
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  return folder
}

/** The beginning and the end of a PNG of this size, filled up to so many bytes. */
export const pngOf = (width: number, height: number, bytes = 64): Uint8Array => {
  const png = Buffer.alloc(bytes)
  png.write("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 0, "latin1")
  png.writeUInt32BE(width, 16)
  png.writeUInt32BE(height, 20)
  png.write("\0\0\0\0IEND\xae\x42\x60\x82", bytes - 12, "latin1")
  return png
}

const hex = (...parts: ReadonlyArray<string>): Uint8Array => Buffer.from(parts.join("").replaceAll(" ", ""), "hex")

/** A GIF with a comment, a JPEG with a thumbnail of its own end, and a WebP: of 3 × 2 pixels, as their first bytes say. */
export const images = {
  "a.gif": hex(
    "474946383961 0300 0200 80 0000 000000ffffff 21fe 02 2c3b 00",
    "2c 00000000 0300 0200 00 02 03 843b51 00 3b"
  ),
  "a.jpg": hex(
    "ffd8 ffe0 0010 4a46494600010100000100010000 ffe1 0006 ffd8ffd9",
    "ffc0 000b 080002000301011100 ffda 0008 0101 0000 3f00 d2cf20 ffd9"
  ),
  "a.webp": hex("52494646 1e000000 57454250 56503820 12000000 300100 9d012a 0300 0200 0000000000000000")
}

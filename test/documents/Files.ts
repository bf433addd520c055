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

/** The beginning of a PNG of this size, filled up to so many bytes. */
export const pngOf = (width: number, height: number, bytes = 64): Uint8Array => {
  const png = Buffer.alloc(bytes)
  png.write("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 0, "latin1")
  png.writeUInt32BE(width, 16)
  png.writeUInt32BE(height, 20)
  return png
}

/** A GIF, a JPEG and a WebP of 3 × 2 pixels, as their first bytes say. */
export const images = {
  "a.gif": Buffer.from("474946383961030002008000000000002c", "hex"),
  "a.jpg": Buffer.from("ffd8ffe000104a46494600010100000100010000ffc0000b080002000301011100ffd9", "hex"),
  "a.webp": Buffer.from("524946461e000000574542505650382012000000300100 9d012a030002000000".replaceAll(" ", ""), "hex")
}

/** Writes PDFs of plain text, for benchmarks, tests and examples. */
import { createHash } from "node:crypto"

const lineLength = 88
const linesOfPage = 52

/** A text in lines; an empty line stays. */
const wrapped = (text: string): ReadonlyArray<string> =>
  text.split("\n").flatMap((paragraph) => {
    const lines: Array<string> = [""]
    for (const word of paragraph.split(" ")) {
      const line = lines.at(-1)!
      if (line === "") lines[lines.length - 1] = word
      else if (line.length + word.length < lineLength) lines[lines.length - 1] = `${line} ${word}`
      else lines.push(word)
    }
    return lines
  })

const escaped = (text: string): string => text.replaceAll(/[\\()]/g, String.raw`\$&`)

/** Lines that begin with `#` are headings. */
const contentOf = (text: string): string => {
  const lines = wrapped(text).slice(0, linesOfPage)
  const shown = lines.map((line) =>
    line.startsWith("# ") ? `/F2 13 Tf (${escaped(line.slice(2))}) Tj /F1 11 Tf T*` : `(${escaped(line)}) Tj T*`
  )
  return `BT /F1 11 Tf 14 TL 64 730 Td ${shown.join("\n")} ET`
}

const padding = Buffer.from("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A", "hex")

const rc4 = (key: Uint8Array, data: Uint8Array): Buffer => {
  const state = Array.from({ length: 256 }, (_, index) => index)
  const swap = (a: number, b: number) => ([state[a], state[b]] = [state[b]!, state[a]!])
  for (let i = 0, j = 0; i < 256; i++) swap(i, (j = (j + state[i]! + key[i % key.length]!) & 255))
  let [i, j] = [0, 0]
  return Buffer.from(
    data.map((byte) => {
      i = (i + 1) & 255
      j = (j + state[i]!) & 255
      swap(i, j)
      return byte ^ state[(state[i]! + state[j]!) & 255]!
    })
  )
}

/** The dictionary of a PDF that opens with an empty password, or with none that anybody knows. */
const encryption = (opens: boolean): string => {
  const owner = Buffer.alloc(32, 7)
  const permissions = Buffer.from([0xfc, 0xff, 0xff, 0xff])
  const key = createHash("md5")
    .update(Buffer.concat([padding, owner, permissions, Buffer.alloc(16, 1)]))
    .digest()
  const user = opens ? rc4(key.subarray(0, 5), padding) : Buffer.alloc(32, 9)
  return `<< /Filter /Standard /V 1 /R 2 /O <${owner.toString("hex")}> /U <${user.toString("hex")}> /P -4 >>`
}

/** A PDF with a page for each text. `encrypted`: with an empty password, or with one that nobody knows. */
export const pdfOf = (pages: ReadonlyArray<string>, encrypted?: "empty" | "unknown"): Uint8Array => {
  const kids = pages.map((_, index) => `${5 + 2 * index} 0 R`).join(" ")
  const objects = [
    "<< /Type /Catalog /Pages 2 0 R >>",
    `<< /Type /Pages /Kids [${kids}] /Count ${pages.length} >>`,
    "<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman >>",
    "<< /Type /Font /Subtype /Type1 /BaseFont /Times-Bold >>",
    ...pages.flatMap((text, index) => {
      const content = contentOf(text)
      return [
        `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents ${6 + 2 * index} 0 R /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>`,
        `<< /Length ${content.length} >>\nstream\n${content}\nendstream`
      ]
    }),
    ...(encrypted === undefined ? [] : [encryption(encrypted === "empty")])
  ]
  let text = "%PDF-1.4\n"
  const offsets = objects.map((object, index) => {
    const offset = text.length
    text += `${index + 1} 0 obj\n${object}\nendobj\n`
    return `${String(offset).padStart(10, "0")} 00000 n \n`
  })
  const id = "01".repeat(16)
  const encrypt = encrypted === undefined ? "" : ` /Encrypt ${objects.length} 0 R /ID [<${id}> <${id}>]`
  const table = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${offsets.join("")}`
  const trailer = `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R${encrypt} >>\nstartxref\n${text.length}\n%%EOF\n`
  return Buffer.from(text + table + trailer, "latin1")
}

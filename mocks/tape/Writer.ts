/** Appends to the file of a tape. */
import * as Tape from "./Tape.ts"

/** The encoding of the file, and what has to be written before its next line. A device or a pipe is not read. */
const endOf = async (file: string): Promise<{ readonly encoding: string; readonly gap: string }> => {
  const { open, stat } = await import("node:fs/promises")
  const size = await stat(file).then(
    (stats) => (stats.isFile() ? stats.size : 0),
    () => 0
  )
  if (size === 0) return { encoding: "utf-8", gap: "" }
  const handle = await open(file, "r")
  try {
    const head = Buffer.alloc(2)
    const tail = Buffer.alloc(2)
    await handle.read(head, 0, 2, 0)
    await handle.read(tail, 0, 2, Math.max(0, size - 2))
    // The last line of a recording that was killed has no end.
    return { encoding: Tape.encodingOf(head), gap: tail.includes("\n") ? "" : "\n" }
  } finally {
    await handle.close()
  }
}

const encoded = (text: string, encoding: string): Buffer => {
  if (encoding === "utf-8") return Buffer.from(text)
  const bytes = Buffer.from(text, "utf16le")
  return encoding === "utf-16le" ? bytes : bytes.swap16()
}

/**
 * Appends texts to a file in order, in its encoding. Stops writing after the first error, and never rejects, so that replies are
 * not affected.
 */
export const make = (file: string, onLost: (error: unknown) => void): ((text: string) => Promise<void>) => {
  let lastWrite = Promise.resolve()
  let isLost = false
  let end: Awaited<ReturnType<typeof endOf>> | undefined
  const append = async (text: string): Promise<void> => {
    if (isLost) return
    try {
      const { appendFile } = await import("node:fs/promises")
      const { encoding, gap } = end ?? (await endOf(file))
      await appendFile(file, encoded(gap + text, encoding))
      end = { encoding, gap: "" }
    } catch (error) {
      isLost = true
      onLost(error)
    }
  }
  return (text) => (lastWrite = lastWrite.then(() => append(text)))
}

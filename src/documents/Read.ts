/** Reads files as documents: each once, with all that the API would reject of it as an error that names the file. */
import { Effect, Predicate, Result } from "effect"
import type { Document } from "../claude/Document.ts"
import { isBlank } from "../options/BlankText.ts"
import { numberText } from "../options/NumberText.ts"
import * as FileKind from "./FileKind.ts"
import * as Image from "./Image.ts"
import * as Pdf from "./Pdf.ts"
import * as TextFile from "./TextFile.ts"

/** The API's limit for a request, in bytes. */
export const maxRequestBytes = 32 * 1000 * 1000

/** A file whose base64 is larger than a request fits into none. */
const maxFileBytes = Math.floor((maxRequestBytes / 4) * 3)

/** What is known of a file's bytes. */
export type Contents = Pick<Document, "mediaType" | "data" | "pages" | "width" | "height">

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  ENOTDIR: "no such file",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "is a folder: name the files in it"
}

const whyUnread = (thrown: unknown): string => {
  const code = Predicate.hasProperty(thrown, "code") ? String(thrown.code) : ""
  return reasons[code] ?? `cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`
}

const attempt = <A>(run: () => Promise<A>): Effect.Effect<A, string> =>
  Effect.tryPromise({ try: run, catch: whyUnread })

/** The bytes of a file that nothing changes meanwhile; fails in words that follow its name. */
const bytesOf = (path: string): Effect.Effect<Uint8Array, string> =>
  Effect.scoped(
    Effect.gen(function* () {
      const { open, stat } = process.getBuiltinModule("node:fs/promises")
      // Opening a pipe that nothing writes to would wait for ever.
      const found = yield* attempt(() => stat(path))
      if (!found.isFile() && !found.isDirectory())
        return yield* Effect.fail("is a pipe or a device: save what it gives as a file")
      const file = yield* Effect.acquireRelease(
        attempt(() => open(path)),
        (file) => Effect.promise(() => file.close())
      )
      const before = yield* attempt(() => file.stat({ bigint: true }))
      if (before.isDirectory()) return yield* Effect.fail(reasons["EISDIR"]!)
      if (before.size === 0n) return yield* Effect.fail("is empty")
      if (before.size > BigInt(maxFileBytes)) {
        const has = numberText(Math.ceil(Number(before.size) / 1e6))
        return yield* Effect.fail(
          `is too large: it has ${has} MB, and a request takes ${maxFileBytes / 1e6} MB of files; split it`
        )
      }
      const bytes = yield* attempt(() => file.readFile())
      const after = yield* attempt(() => stat(path, { bigint: true }))
      const isSame =
        BigInt(bytes.length) === before.size &&
        after.ino === before.ino &&
        after.size === before.size &&
        after.mtimeNs === before.mtimeNs
      return isSame ? bytes : yield* Effect.fail("changed while it was read: start again once nothing writes to it")
    })
  )

/** What is in the bytes of a file with this name. */
const contentsOf = Effect.fnUntraced(function* (name: string, bytes: Uint8Array): Effect.fn.Return<Contents, string> {
  const mediaType = yield* Effect.fromResult(FileKind.read(name, bytes))
  if (mediaType === "text/plain") {
    const text = yield* Effect.fromResult(TextFile.decode(bytes))
    return isBlank(text) ? yield* Effect.fail("is empty") : { mediaType, data: text }
  }
  // Before the bytes are given to a reader that takes them over.
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64")
  return mediaType === "application/pdf"
    ? { mediaType, data, pages: yield* Pdf.pagesOf(new Uint8Array(bytes)) }
    : { mediaType, data, ...(yield* Image.sizeOf(bytes)) }
})

/** The contents of a file, or what is wrong with it, in words that follow its name. */
export const contents = (path: string): Effect.Effect<Contents, string> =>
  Effect.flatMap(bytesOf(path), (bytes) => contentsOf(process.getBuiltinModule("node:path").basename(path), bytes))

/** Reads each file once, however often it is named. */
export class Reader {
  readonly #folder: string
  readonly #known = new Map<string, Result.Result<Contents, string>>()

  /** `folder`: what names of files are relative to. */
  constructor(folder: string) {
    this.#folder = folder
  }

  /** The absolute paths of the files that were read. */
  get files(): ReadonlyArray<string> {
    return [...this.#known.keys()]
  }

  /** Fails with words that begin with the name. */
  read(name: string): Effect.Effect<Contents, string> {
    const path = process.getBuiltinModule("node:path").resolve(this.#folder, name)
    const known = this.#known.get(path)
    const read = known === undefined ? Effect.result(contents(path)) : Effect.succeed(known)
    return Effect.flatMap(read, (result) => {
      this.#known.set(path, result)
      return Effect.mapError(Effect.fromResult(result), (why) => `${name}: ${why}`)
    })
  }
}

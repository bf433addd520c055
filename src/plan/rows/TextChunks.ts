/** A file as a stream of texts: UTF-8, or UTF-16 with a byte order mark. A file that changes while it is read is an error. */
import { Effect, FileSystem, Option, Result, Stream } from "effect"
import { whyUnread } from "../../documents/FileProblem.ts"
import * as TextFile from "../../documents/TextFile.ts"
import { atLine, ofFile, type RowProblem } from "./Row.ts"

/** What a file was when it was read first. */
export interface Stamp {
  readonly size: bigint
  readonly modified: number | undefined
}

/** `name` is that of messages. Fails where the file cannot be read. */
export const stampOf = (path: string, name: string): Effect.Effect<Stamp, RowProblem, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fileSystem = yield* FileSystem.FileSystem
    const info = yield* Effect.mapError(fileSystem.stat(path), (error) => ofFile(name, whyUnread(error)))
    if (info.type === "Directory") {
      return yield* ofFile(name, `is a folder: for one ask a file write ${name.replace(/[/\\]$/, "")}/*.txt`)
    }
    // Opening a pipe that nothing writes to would wait for ever, and rows are read twice.
    if (info.type !== "File") return yield* ofFile(name, "is a pipe or a device: save what it gives as a file")
    return { size: info.size, modified: Option.getOrUndefined(info.mtime)?.getTime() }
  })

/** Fails where a file is not what it was. */
export const unchanged = (path: string, name: string, before: Stamp) =>
  Effect.flatMap(stampOf(path, name), ({ modified, size }) =>
    size === before.size && modified === before.modified
      ? Effect.void
      : Effect.fail(ofFile(name, "changed while it was read: start again once nothing writes to it"))
  )

const chunkBytes = 256 * 1024

/** The text of a file in pieces, without its byte order mark. */
export const read = (path: string, name: string): Stream.Stream<string, RowProblem, FileSystem.FileSystem> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const fileSystem = yield* FileSystem.FileSystem
      const before = yield* stampOf(path, name)
      let decoder: TextDecoder | undefined
      let encoding: TextFile.Encoding = "utf-8"
      let [line, offset] = [1, 0]
      /** The bytes of a character whose end is in the next chunk. */
      let open = new Uint8Array()
      const decode = (bytes: Uint8Array | undefined): Effect.Effect<string, RowProblem> => {
        if (decoder === undefined) {
          const kind = TextFile.kindOf(bytes ?? new Uint8Array())
          if (kind !== undefined) return Effect.fail(ofFile(name, `is ${kind}: expected text in UTF-8`))
          encoding = TextFile.encodingOf(bytes ?? new Uint8Array())
          decoder = new TextDecoder(encoding, { fatal: true })
        }
        const part = open.length === 0 ? (bytes ?? open) : Buffer.concat([open, bytes ?? new Uint8Array()])
        const decoded = Result.try(() => decoder!.decode(bytes, { stream: bytes !== undefined }))
        if (Result.isFailure(decoded) || decoded.success.includes("\0")) {
          const problem = TextFile.problemOf(part, encoding, { line, offset })
          return Effect.fail(atLine(name, problem.line, problem.message))
        }
        const text = decoded.success
        for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) line++
        open = part.slice(part.length - TextFile.openBytes(part, encoding))
        offset += part.length - open.length
        return Effect.succeed(text)
      }
      const bytes = Stream.mapError(fileSystem.stream(path, { chunkSize: chunkBytes }), (error) =>
        ofFile(name, whyUnread(error))
      )
      return bytes.pipe(
        Stream.mapEffect((part): Effect.Effect<string, RowProblem> => decode(part)),
        Stream.concat(Stream.fromEffect(Effect.suspend(() => decode(undefined)))),
        Stream.concat(Stream.drain(Stream.fromEffect(unchanged(path, name, before))))
      )
    })
  )

/** The lines of a text in pieces, each with its number from 1. */
export const lines = <E, R>(chunks: Stream.Stream<string, E, R>): Stream.Stream<readonly [string, number], E, R> => {
  let rest = ""
  let n = 0
  const split = (text: string): ReadonlyArray<readonly [string, number]> => {
    const parts = (rest + text).split(/\r\n|\n/)
    rest = parts.pop() ?? ""
    return parts.map((line) => [line, ++n])
  }
  return Stream.suspend(() => {
    rest = ""
    n = 0
    return Stream.concat(
      Stream.flattenIterable(Stream.map(chunks, split)),
      Stream.suspend(() => (rest === "" ? Stream.empty : Stream.make([rest.replace(/\r$/, ""), ++n] as const)))
    )
  })
}

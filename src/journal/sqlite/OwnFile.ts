/** Files of a journal: they belong to one user, and are never anything else than files. */
import { Result } from "effect"

const files = () => process.getBuiltinModule("node:fs")

/** The file at a path, if there is one. Fails where there is something else: a link may lead anywhere, and a FIFO blocks. */
const find = (path: string) => {
  const found = files().lstatSync(path, { throwIfNoEntry: false })
  if (found?.isSymbolicLink() === true) throw new Error("it is a symbolic link, not a file")
  if (found?.isDirectory() === true) throw new Error("it is a folder, not a file")
  if (found?.isFile() === false) throw new Error("it is not a file")
  return found
}

/** Size in bytes; `undefined` where there is none. */
export const sizeOf = (path: string): number | undefined => find(path)?.size

/** Takes a file from all but its owner, if there is one. */
export const makePrivate = (path: string): void => {
  const mode = find(path)?.mode ?? 0
  if ((mode & 0o077) === 0) return
  const done = Result.try({ try: () => files().chmodSync(path, 0o600), catch: (error) => error })
  // Another process may remove it in the meantime.
  if (Result.isFailure(done) && find(path) !== undefined) throw done.failure
}

/** Creates an empty file, unless it is there. */
export const create = (path: string): void => files().closeSync(files().openSync(path, "a", 0o600))

/**
 * Creates a file with what `fill` writes to the path that it is given, unless it is there in the meantime. No other process ever
 * sees a part of it. It may not be on the disk yet.
 */
export const createFilled = (path: string, fill: (path: string) => void): void => {
  const temporary = `${path}.${crypto.randomUUID()}.new`
  const done = Result.try({
    try: () => {
      create(temporary)
      fill(temporary)
      files().linkSync(temporary, path)
    },
    catch: (error) => error as NodeJS.ErrnoException
  })
  files().rmSync(temporary, { force: true })
  if (Result.isFailure(done) && done.failure.code !== "EEXIST") throw done.failure
}

/** Tells a file from another one that has taken its place; `undefined` where there is none. */
export const identityOf = (path: string): string | undefined => {
  const found = files().statSync(path, { throwIfNoEntry: false })
  return found && `${found.dev} ${found.ino}`
}

/**
 * Loaded before a program (`--import`): counts what it loads, ESM and CommonJS alike, until its first outgoing socket or
 * its end, and writes the counts as JSON to the file that `FANFOLD_BENCH_MODULES` names.
 */
import { subscribe } from "node:diagnostics_channel"
import { writeFileSync } from "node:fs"
import { registerHooks } from "node:module"

/** `files` from the disk; `builtIn` parts of Node, of which a bare process has some itself. */
export interface Loaded {
  readonly files: number
  readonly builtIn: number
}

const file = process.env["FANFOLD_BENCH_MODULES"]
if (file !== undefined) {
  const files = new Set<string>()
  registerHooks({
    load: (url, context, next) => {
      if (url.startsWith("file:")) files.add(url)
      return next(url, context)
    }
  })
  const state = { isTold: false }
  const tell = () => {
    if (state.isTold) return
    state.isTold = true
    // Node's own list of what it loaded of itself; it is in no type.
    const { moduleLoadList } = process as unknown as { readonly moduleLoadList: ReadonlyArray<string> }
    const builtIn = moduleLoadList.filter((name) => name.startsWith("NativeModule ")).length
    writeFileSync(file, JSON.stringify({ files: files.size, builtIn } satisfies Loaded))
  }
  subscribe("net.client.socket", tell)
  process.on("exit", tell)
}

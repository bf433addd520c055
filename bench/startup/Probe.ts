/**
 * Loaded before a program (`--import`): counts the modules that it loads, ESM and CommonJS, until its first outgoing socket
 * or its exit, and writes `Loaded` as JSON to the file named by `FANFOLD_BENCH_MODULES`.
 */
import { subscribe } from "node:diagnostics_channel"
import { writeFileSync } from "node:fs"
import { registerHooks } from "node:module"

/** `files`: modules from the disk. `builtIn`: modules of Node itself, of which every process loads some. */
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
  const state = { isWritten: false }
  const write = () => {
    if (state.isWritten) return
    state.isWritten = true
    // Node's list of its own loaded modules, which @types/node does not declare.
    const { moduleLoadList } = process as unknown as { readonly moduleLoadList: ReadonlyArray<string> }
    const builtIn = moduleLoadList.filter((name) => name.startsWith("NativeModule ")).length
    writeFileSync(file, JSON.stringify({ files: files.size, builtIn } satisfies Loaded))
  }
  subscribe("net.client.socket", write)
  process.on("exit", write)
}

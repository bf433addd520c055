import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { defineConfig } from "vitest/config"

/** Tests remember nothing in the state folder of whoever runs them. */
const state = mkdtempSync(join(tmpdir(), "fanfold-state-"))
/** Where the first test file that starts the command line builds it for all of them (`test/cli/Bundle.ts`). */
const bundle = resolve(import.meta.dirname, `test/.bundle-${process.pid}`)
process.on("exit", () => {
  for (const folder of [state, bundle]) rmSync(folder, { recursive: true, force: true })
})

/** Folders whose tests keep their state in what they build: one process loads the modules once for all of their files. */
const folders = ["claude", "layers", "mocks", "pipeline", "plan", "report", "scheduling", "schema"]
/** What the tests of a file change, or count, in their process; such a file has a process of its own. */
const processWide =
  /process\.(env|on|emit|chdir|memoryUsage|cpuUsage)|globalThis\.\w+ =|\bvi\.|\b(msw|setupServer|gc)\b/
const isSharing = (file: string): boolean =>
  !/^test\/(claude\/sdk|mocks\/clients)\//.test(file) && !processWide.test(readFileSync(file, "utf8"))
const sharing = globSync(folders.map((folder) => `test/${folder}/**/*.test.ts`)).filter(isSharing)

export default defineConfig({
  resolve: { conditions: ["source"] },
  ssr: { resolve: { conditions: ["source"] } },
  test: {
    testTimeout: 20_000,
    // It has TypeScript under the condition `source`, which Node does not load from node_modules.
    server: { deps: { inline: [/@ai-sdk/, /eventsource-parser/, /node_modules\/ai\//] } },
    // One for each core: a file that waits for processes leaves its core to the other.
    maxWorkers: "100%",
    env: { XDG_STATE_HOME: state, FANFOLD_TEST_BUNDLE: bundle },
    projects: [
      { extends: true, test: { name: "sharing", include: sharing, isolate: false } },
      {
        extends: true,
        test: { name: "alone", include: ["test/**/*.test.ts", "examples/**/*.test.ts"], exclude: sharing }
      }
    ]
  }
})

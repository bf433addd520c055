/**
 * The command line in one bundle, as users install it. Tests start hundreds of its processes, and one of the bundle costs a
 * quarter of the processor time that one of the sources does.
 */
import { randomUUID } from "node:crypto"
import { existsSync, renameSync, rmSync } from "node:fs"
import { join, resolve } from "node:path"

const root = resolve(import.meta.dirname, "../..")

/** Where `vitest.config.ts` lets all test files of a run find it; two folders below the root, as the published one is. */
const folder = process.env["FANFOLD_TEST_BUNDLE"] ?? ""

const write = async (): Promise<void> => {
  const { build } = await import("rolldown")
  const { clouds, ofCommandLine } = await import("../../rolldown.config.ts")
  const own = `${folder}-${randomUUID()}`
  await build({
    cwd: root,
    input: { fanfold: "src/bin.ts" },
    platform: "node",
    external: [clouds],
    plugins: ofCommandLine,
    resolve: { conditionNames: ["source", "import", "module", "node", "default"] },
    logLevel: "warn",
    output: { dir: own, format: "esm" }
  })
  try {
    renameSync(own, folder)
  } catch (error) {
    rmSync(own, { recursive: true, force: true })
    // Another test file may have built it in the meantime.
    if (!existsSync(folder)) throw error
  }
}

/** Builds it if no test file of this run has, and gives its entry. */
export const bundled = async (): Promise<string> => {
  if (!existsSync(folder)) await write()
  return join(folder, "fanfold.js")
}

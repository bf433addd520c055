/** Builds `dist` for benchmarks that measure the package as users install it. */
import { spawnSync } from "node:child_process"
import { existsSync, globSync, statSync } from "node:fs"
import { join, resolve } from "node:path"
import * as Results from "./Results.ts"

/** The root of the repository. */
export const root = resolve(import.meta.dirname, "../..")
export const bin = join(root, "dist/bin/fanfold.js")

const sources = globSync(["src/**/*.ts", "mocks/**/*.ts", "package.json", "rolldown.config.ts"], { cwd: root })
const isStale = (): boolean =>
  !existsSync(bin) || sources.some((file) => statSync(join(root, file)).mtimeMs > statSync(bin).mtimeMs)

/** Runs `npm run build` if a source is newer than the built bin. Throws if the build fails. */
export const ensureBuilt = (): void => {
  if (!isStale()) return
  Results.progress("npm run build, as dist is older than src")
  const { status } = spawnSync("npm", ["run", "build"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32"
  })
  if (status !== 0) throw new Error("npm run build failed")
}

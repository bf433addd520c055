/**
 * The package as users get it: packed, and installed under the oldest and the newest Node into two empty folders, with Effect and
 * without; its bin is run, and programs are checked and run. Not part of `npm test`, as it installs from the registry: `npm run test:package`.
 */
import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

const project = fileURLToPath(new URL("../", import.meta.url))
const nodes = ["22.19.0", "24.21.0"]
const plans = ["travel-guide", "market-research", "tech-evaluation", "contract-review"]
/** What checks the types in a user's project. */
const compilers = ["typescript", "@types/node"]
const strict = "--noEmit --strict --skipLibCheck --module nodenext --target es2024 --types node".split(" ")

const run = promisify(execFile)
/** The names with the versions that this project pins. */
const versionsOf = async (names: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
  const manifest = JSON.parse(await readFile(join(project, "package.json"), "utf8"))
  return names.map((name) => `${name}@${manifest.devDependencies[name]}`)
}

/** A CommonJS program that requires entries. */
const required = (entries: ReadonlyArray<string>): string =>
  entries.map((entry) => `if (Object.keys(require("${entry}")).length === 0) throw new Error("${entry}")`).join("\n")

/** The scripts of `test/package/` that a user's project checks and runs, each with the last line that it prints. */
const fixtures = join(project, "test/package")
const withEffect = { "effect.ts": /^typed and run under/, "schemas.ts": /^schemas of the user's Effect/ }
const withoutPostgres = {
  "postgres.ts": /^a journal in PostgreSQL needs another package: npm install @effect\/sql-pg$/
}
const withPostgres = {
  "postgres.ts": /^the journal postgres:\/\/127.0.0.1:1\/nowhere cannot be used: it cannot be reached: /
}
const withoutEffect = { "script.ts": /^run without Effect/ }

const folder = await mkdtemp(join(tmpdir(), "fanfold-package-"))
try {
  await run("npm", ["pack", "--pack-destination", folder], { cwd: project })
  const packed = (await readdir(folder)).find((file) => file.endsWith(".tgz"))
  assert(packed !== undefined)
  for (const node of nodes) {
    // The path of this project's own Node must not be the one that is found first.
    const path = (process.env.PATH ?? "")
      .split(":")
      .filter((entry) => !entry.startsWith(project))
      .join(":")
    /** Installs the package with others into an empty folder, and gives what runs a command there. */
    const install = async (name: string, ...others: ReadonlyArray<string>) => {
      const home = await mkdtemp(join(folder, `${name}-${node}-`))
      const shell = (command: string, ...args: ReadonlyArray<string>) =>
        run(command, args, {
          cwd: home,
          env: { ...process.env, PATH: `${join(home, "node_modules", ".bin")}:${path}` }
        })
      await writeFile(
        join(home, "package.json"),
        JSON.stringify({ private: true, type: "module", allowScripts: { node: true } })
      )
      await shell("npm", "install", "--silent", join(folder, packed), `node@${node}`, ...others)
      assert.equal((await shell("node", "--version")).stdout.trim(), `v${node}`)
      return { home, shell }
    }
    /** Checks the types of fixtures and runs them; each must print its line last, and nothing on standard error. */
    const checkAndRun = async (
      { home, shell }: Awaited<ReturnType<typeof install>>,
      scripts: Record<string, RegExp>
    ) => {
      for (const [file, lastLine] of Object.entries(scripts)) {
        await copyFile(join(fixtures, file), join(home, file))
        await shell("npx", "tsc", ...strict, file)
        const { stderr, stdout } = await shell("node", file)
        assert.match(stdout.trim().split("\n").at(-1)!, lastLine)
        assert.equal(stderr, "")
      }
    }

    const user = await install("effect", ...(await versionsOf(["effect", ...compilers])))
    const { home, shell } = user
    const documents = await Promise.all(
      plans.map((plan) =>
        shell("npx", "fanfold", "run", `node_modules/fanfold/examples/${plan}.yaml`, "--offline", "--quiet")
      )
    )
    for (const { stdout } of documents) assert(stdout.startsWith("# ") && stdout.length > 1000, stdout)

    const plan = "node_modules/fanfold/examples/travel-guide.yaml"
    const flags = ["--latency", "fixed:20", "--iterations", "1", "-o", "bench.svg"]
    const { stdout: table } = await shell("npx", "fanfold", "bench", plan, ...flags)
    assert(table.includes("80 ms") && (await readFile(join(home, "bench.svg"), "utf8")).startsWith("<svg "), table)
    await shell("npx", "fanfold", "run", plan, "--offline", "--quiet", "-o", "report.html")
    assert((await readFile(join(home, "report.html"), "utf8")).includes("markdown-it"), "the page has no script")
    await checkAndRun(user, { ...withEffect, ...withoutPostgres })
    await shell("npm", "install", "--silent", ...(await versionsOf(["@effect/sql-pg"])))
    await checkAndRun(user, withPostgres)
    await shell("node", "-e", required(["fanfold", "fanfold/promise", "fanfold/postgres", "fanfold/mocks"]))

    const script = await install("script", ...(await versionsOf(compilers)))
    const installed = await readdir(join(script.home, "node_modules"))
    assert(!installed.includes("effect") && !installed.includes("@anthropic-ai"), installed.join())
    await checkAndRun(script, withoutEffect)
    await script.shell("node", "-e", required(["fanfold/promise"]))
    // The command line has what speaks to PostgreSQL in it.
    const unreachable = script.shell(
      "npx",
      "fanfold",
      "runs",
      "--journal",
      "postgres://nobody:s3cret@127.0.0.1:1/nowhere"
    )
    await assert.rejects(unreachable, /nowhere cannot be used: it cannot be reached: connect ECONNREFUSED/)
    console.log(`Node ${node}: ${plans.length} plans, programs with and without Effect: checked and run`)
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}

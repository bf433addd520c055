/**
 * The package as users get it: packed, installed into an empty folder under the oldest and the newest Node, its bin run
 * and its types checked. Apart from `npm test`, since it installs from the registry: `npm run test:package`.
 */
import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

const project = fileURLToPath(new URL("../", import.meta.url))
const nodes = ["22.19.0", "24.21.0"]
const plans = ["travel-guide", "market-research", "tech-evaluation"]
/** What the user's own project pins: the peer, and the compiler that checks the types. */
const companions = ["effect", "typescript", "@types/node"]

const run = promisify(execFile)
const versionsOf = async (): Promise<ReadonlyArray<string>> => {
  const manifest = JSON.parse(await readFile(join(project, "package.json"), "utf8"))
  return companions.map((name) => `${name}@${manifest.devDependencies[name]}`)
}

const script = `
import { Effect, Layer, Redacted, Schema } from "effect"
import { LanguageModel } from "effect/ai"
import { Ask, Claude, Research, Stack, Synthesis } from "fanfold"
import { layer } from "fanfold/LanguageModel"
import { run } from "fanfold/promise"
import { mockClaude } from "fanfold/mocks"

const { fetch } = mockClaude({ seed: 1 })
const Count = Schema.Struct({ n: Schema.Finite })
const program = Research.run({ a: Ask.text("How?"), b: Ask.object("How many?", Count) }).pipe(
  Effect.tap(({ answers }) => Effect.sync(() => { const text: string = answers.a; const n: number = answers.b.n; console.log(text, n) })),
  Effect.flatMap(Synthesis.text("Fold them"))
)
const claude: Layer.Layer<Claude.Claude> = Stack.layer({ apiKey: Redacted.make("offline"), fetch })
const effectful: string = await Effect.runPromise(Effect.provide(program, claude))
const generated = LanguageModel.generateText({ prompt: "How?" }).pipe(Effect.provide(layer().pipe(Layer.provide(claude))))
const { text } = await Effect.runPromise(generated)
const { document } = await run({ asks: { a: "How?", b: "Why?" }, synthesis: "Fold them", apiKey: "offline", fetch })
if (effectful === "" || text === "" || document === "") throw new Error("empty")
console.log("typed and run under", process.version)
`

const folder = await mkdtemp(join(tmpdir(), "fanfold-package-"))
try {
  await run("npm", ["pack", "--pack-destination", folder], { cwd: project })
  const packed = (await readdir(folder)).find((file) => file.endsWith(".tgz"))
  assert(packed !== undefined)
  for (const node of nodes) {
    const home = await mkdtemp(join(folder, `node-${node}-`))
    // The path of this project's own Node must not be the one that is found first.
    const path = (process.env.PATH ?? "")
      .split(":")
      .filter((entry) => !entry.startsWith(project))
      .join(":")
    const shell = (command: string, ...args: ReadonlyArray<string>) =>
      run(command, args, { cwd: home, env: { ...process.env, PATH: `${join(home, "node_modules", ".bin")}:${path}` } })
    await writeFile(
      join(home, "package.json"),
      JSON.stringify({ private: true, type: "module", allowScripts: { node: true } })
    )
    await shell("npm", "install", "--silent", join(folder, packed), `node@${node}`, ...(await versionsOf()))
    assert.equal((await shell("node", "--version")).stdout.trim(), `v${node}`)

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

    await writeFile(join(home, "user.ts"), script)
    await shell(
      "npx",
      "tsc",
      "--noEmit",
      "--strict",
      "--skipLibCheck",
      "--module",
      "nodenext",
      "--target",
      "es2022",
      "--types",
      "node",
      "user.ts"
    )
    const { stdout } = await shell("node", "user.ts")
    console.log(`Node ${node}: ${plans.length} plans run, ${stdout.trim().split("\n").at(-1)}`)
  }
} finally {
  await rm(folder, { recursive: true, force: true })
}

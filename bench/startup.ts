/**
 * How long does the command line take to start, and how much does it load: to `--version`, to `check PLAN`, and until the
 * first request of `run PLAN` arrives? Beside it a bare Node, and a script that sends one request with the SDK.
 */
import { spawn, spawnSync } from "node:child_process"
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { mockClaude } from "fanfold/mocks"
import { Bench } from "tinybench"
import * as Results from "./harness/Results.ts"
import { shuffledRounds } from "./harness/Shuffle.ts"
import type { Loaded } from "./startup/Probe.ts"

const seed = 1

const rounds = Results.isQuick ? 7 : 30

const root = resolve(import.meta.dirname, "..")
const bin = join(root, "dist/bin/fanfold.js")
const plan = join(root, "examples/travel-guide.yaml")
const probe = pathToFileURL(join(import.meta.dirname, "startup/Probe.ts")).href

const sources = globSync(["src/**/*.ts", "mocks/**/*.ts", "package.json", "rolldown.config.ts"], { cwd: root })
const isStale = () =>
  !existsSync(bin) || sources.some((file) => statSync(join(root, file)).mtimeMs > statSync(bin).mtimeMs)
if (isStale()) {
  Results.progress("npm run build, as dist is older than src")
  const { status } = spawnSync("npm", ["run", "build"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32"
  })
  if (status !== 0) throw new Error("npm run build failed; startup measures the built bin")
}

/** Done when the process under way has sent its first request. */
let arrived = () => {}
await using server = await mockClaude({
  seed,
  latency: () => {
    arrived()
    return 0
  }
}).serve()

const caches = mkdtempSync(join(tmpdir(), "fanfold-startup-"))
const warm = mkdtempSync(join(caches, "warm-"))

/** As the SDK's README writes it. */
const bareScript = `import Anthropic from "@anthropic-ai/sdk"
const client = new Anthropic()
const message = await client.messages.create({
  model: "claude-haiku-5-5",
  max_tokens: 100,
  messages: [{ role: "user", content: "Hello" }]
})
console.log(message.content)`
const bareSdk = ["--input-type=module", "-e", bareScript]

interface Arm {
  readonly name: string
  readonly args: ReadonlyArray<string>
  readonly until: "exit" | "request"
  /** State of the compile cache, where there is one; cold is empty every time. */
  readonly cache?: "warm" | "cold"
  /** What it is measured by, and how many times its time it may take. */
  readonly against?: readonly [arm: string, most?: number]
}

const bareNode = "node -e 0"
const bare = "SDK script"
const arms: ReadonlyArray<Arm> = [
  { name: bareNode, args: ["-e", "0"], until: "exit" },
  { name: "fanfold --version", args: [bin, "--version"], until: "exit", against: [bareNode, 1.5] },
  { name: "fanfold check", args: [bin, "check", plan], until: "exit", cache: "warm", against: [bareNode] },
  { name: "fanfold check, cold", args: [bin, "check", plan], until: "exit", cache: "cold", against: [bareNode] },
  { name: bare, args: bareSdk, until: "request", against: [bareNode] },
  { name: "SDK script, compile cache", args: bareSdk, until: "request", cache: "warm", against: [bare] },
  { name: "fanfold run", args: [bin, "run", plan], until: "request", cache: "warm", against: [bare, 1] },
  { name: "fanfold run, cold", args: [bin, "run", plan], until: "request", cache: "cold", against: [bare] }
]

/** The bin turns the compile cache on by itself, in the folder of temporary files; the SDK's script has to be told. */
const environmentOf = ({ args, cache }: Arm): Record<string, string> => {
  const folder = cache === "cold" ? mkdtempSync(join(caches, "cold-")) : warm
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: folder,
    TMPDIR: folder,
    TEMP: folder,
    TMP: folder,
    ANTHROPIC_API_KEY: "offline",
    ANTHROPIC_BASE_URL: server.url,
    ...(args === bareSdk && cache !== undefined && { NODE_COMPILE_CACHE: folder })
  }
}

/** Starts a process; `reached` when it came where its time is taken, `ended` when it is gone. */
const start = (arm: Arm, more: Readonly<Record<string, string>> = {}, preload: ReadonlyArray<string> = []) => {
  const asked = new Promise<void>((resolve) => (arrived = resolve))
  const child = spawn(process.execPath, [...preload, ...arm.args], {
    cwd: root,
    env: { ...environmentOf(arm), ...more },
    stdio: ["ignore", "ignore", "pipe"]
  })
  const said: Array<Buffer> = []
  child.stderr.on("data", (chunk: Buffer) => said.push(chunk))
  const ended = new Promise<void>((resolve, reject) => {
    child.on("error", reject)
    child.on("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`${arm.name} ended with ${code}: ${Buffer.concat(said).toString()}`))
    )
  })
  // A process that ends before it has asked is an error, not a wait for ever.
  const failed = ended.then(() => Promise.reject(new Error(`${arm.name} never sent a request`)))
  failed.catch(() => {})
  return { reached: arm.until === "exit" ? ended : Promise.race([asked, failed]), ended }
}

const loadedBy = async (arm: Arm): Promise<Loaded> => {
  const file = join(caches, "modules.json")
  await start(arm, { FANFOLD_BENCH_MODULES: file }, ["--import", probe]).ended
  return JSON.parse(readFileSync(file, "utf8")) as Loaded
}

const samples = new Map<string, Array<number>>(arms.map(({ name }) => [name, []]))
const play = async (order: ReadonlyArray<Arm>): Promise<void> => {
  const bench = new Bench({ time: 0, iterations: 1, warmup: false, throws: true, retainSamples: true })
  for (const arm of order) {
    let ended = Promise.resolve()
    const run = () => {
      const started = start(arm)
      ended = started.ended
      return started.reached
    }
    bench.add(arm.name, run, { async: true, afterEach: () => ended })
  }
  await bench.run()
  for (const task of bench.tasks) samples.get(task.name)!.push(...Results.samplesOf(task))
}

// Twice: a cache that one process wrote is read by the next.
Results.progress("warming up")
for (let warmUp = 0; warmUp < 2; warmUp++) for (const arm of arms) await start(arm).ended
for (const [index, order] of shuffledRounds(arms, rounds, seed).entries()) {
  Results.progress(`round ${index + 1} of ${rounds}`)
  await play(order)
}
const loaded = new Map<string, Loaded>()
for (const arm of arms) loaded.set(arm.name, await loadedBy(arm))
rmSync(caches, { recursive: true, force: true })

const medianOf = (name: string): number => Results.medianOf(samples.get(name)!)
const rows = arms.map(({ against, name, until }) => {
  const millis = samples.get(name)!
  const { builtIn, files } = loaded.get(name)!
  const [other, most] = against ?? []
  const ratio = other === undefined ? Number.NaN : medianOf(name) / medianOf(other)
  return {
    arm: name,
    until,
    "median ms": medianOf(name).toFixed(0),
    "min ms": Math.min(...millis).toFixed(0),
    "max ms": Math.max(...millis).toFixed(0),
    n: millis.length,
    "files loaded": files,
    "parts of Node": builtIn - loaded.get(bareNode)!.builtIn,
    ...(other !== undefined && { "÷": other, ratio: ratio.toFixed(2) }),
    ...(most !== undefined && { target: `<= ${most.toFixed(1)}`, met: ratio <= most ? "yes" : "no" })
  }
})

await Results.report({
  name: "startup",
  seed,
  simulated: "Claude is a mock in this process; the connection on loopback and all the rest are real",
  rows,
  notes: [
    "Each sample is a fresh process of the built bin. Its compile cache is warm unless the row says cold; a script of the SDK has " +
      "none unless the row says so.",
    "Files loaded until the first socket or the end, and parts of Node beyond those of a bare one."
  ],
  samples: Object.fromEntries(samples),
  plot: {
    title: "From the start of a process to its first request, or its end",
    subtitle: `median of ${rounds} fresh processes each`,
    x: { label: "", scale: "category" },
    y: { label: "milliseconds", scale: "linear" },
    series: [{ name: "median", kind: "bar", points: arms.map(({ name }) => [name, medianOf(name)]) }]
  }
})

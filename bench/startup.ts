/**
 * How long do the command line and the library take to start, and how many modules do they load: for `--version`, for `check PLAN`,
 * and until the first request arrives? Compared with a bare Node and with scripts that send one request with the SDK.
 */
import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { mockClaude } from "fanfold/mocks"
import { Bench } from "tinybench"
import { bin, ensureBuilt, root } from "./harness/Build.ts"
import * as Results from "./harness/Results.ts"
import { shuffledRounds } from "./harness/Shuffle.ts"
import type { Loaded } from "./startup/Probe.ts"

const seed = 1

const rounds = Results.isQuick ? 7 : 30

const plan = join(root, "examples/travel-guide.yaml")
const probe = pathToFileURL(join(import.meta.dirname, "startup/Probe.ts")).href

ensureBuilt()

/** Called when a request arrives; set for each process. */
let onRequest = () => {}
await using server = await mockClaude({
  seed,
  latency: () => {
    onRequest()
    return 0
  }
}).serve()

const caches = mkdtempSync(join(tmpdir(), "fanfold-startup-"))
const warm = mkdtempSync(join(caches, "warm-"))

/** The example of the SDK's README. */
const bareScript = `import Anthropic from "@anthropic-ai/sdk"
const client = new Anthropic()
const message = await client.messages.create({
  model: "claude-haiku-5-5",
  max_tokens: 100,
  messages: [{ role: "user", content: "Hello" }]
})
console.log(message.content)`

/** The same request through fanfold: a script without Effect, and a program with it. */
const promiseScript = `import { run } from "fanfold/promise"
const { answers } = await run({ asks: { hello: "Hello" } })
console.log(answers.hello)`
const effectScript = `import { Effect } from "effect"
import { Ask, Stack } from "fanfold"
console.log(await Effect.runPromise(Effect.provide(Ask.text("Hello"), Stack.layerConfig())))`
const effectSdkScript = `import Anthropic from "@anthropic-ai/sdk"
import { Effect } from "effect"
const client = new Anthropic()
const body = { model: "claude-haiku-5-5", max_tokens: 100, messages: [{ role: "user", content: "Hello" }] }
console.log((await Effect.runPromise(Effect.promise(() => client.messages.create(body)))).content)`
const moduleOf = (script: string): ReadonlyArray<string> => ["--input-type=module", "-e", script]
const bareSdk = moduleOf(bareScript)
const promise = moduleOf(promiseScript)

interface Arm {
  readonly name: string
  readonly args: ReadonlyArray<string>
  readonly until: "exit" | "request"
  /** State of the compile cache, if the program uses one: `cold` is empty for every run. */
  readonly cache?: "warm" | "cold"
  /** The arm it is compared with, and the target of the ratio. */
  readonly against?: readonly [arm: string, maxRatio?: number]
}

const bareNode = "node -e 0"
const bare = "SDK script"
const effectSdk = "SDK script, Effect"
const arms: ReadonlyArray<Arm> = [
  { name: bareNode, args: ["-e", "0"], until: "exit" },
  { name: "fanfold --version", args: [bin, "--version"], until: "exit", against: [bareNode, 1.5] },
  { name: "fanfold check", args: [bin, "check", plan], until: "exit", cache: "warm", against: [bareNode] },
  { name: "fanfold check, cold", args: [bin, "check", plan], until: "exit", cache: "cold", against: [bareNode] },
  { name: bare, args: bareSdk, until: "request", against: [bareNode] },
  { name: "SDK script, compile cache", args: bareSdk, until: "request", cache: "warm", against: [bare] },
  { name: "fanfold/promise", args: promise, until: "request", against: [bare, 1.05] },
  { name: "fanfold/promise, compile cache", args: promise, until: "request", cache: "warm", against: [bare] },
  { name: effectSdk, args: moduleOf(effectSdkScript), until: "request", against: [bare] },
  { name: "fanfold, Effect", args: moduleOf(effectScript), until: "request", against: [effectSdk, 1.05] },
  { name: "fanfold run", args: [bin, "run", plan], until: "request", cache: "warm", against: [bare, 1] },
  { name: "fanfold run, cold", args: [bin, "run", plan], until: "request", cache: "cold", against: [bare] }
]

/** The bin enables the compile cache itself, in the temporary folder; for the scripts an environment variable does. */
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
    ...(args[0] !== bin && cache !== undefined && { NODE_COMPILE_CACHE: folder })
  }
}

/** Starts a process. `reached` settles at the point that is timed, `ended` when the process has exited. */
const start = (arm: Arm, more: Readonly<Record<string, string>> = {}, preload: ReadonlyArray<string> = []) => {
  const requested = new Promise<void>((resolve) => (onRequest = resolve))
  const child = spawn(process.execPath, [...preload, ...arm.args], {
    cwd: root,
    env: { ...environmentOf(arm), ...more },
    stdio: ["ignore", "ignore", "pipe"]
  })
  const errors: Array<Buffer> = []
  child.stderr.on("data", (chunk: Buffer) => errors.push(chunk))
  const ended = new Promise<void>((resolve, reject) => {
    child.on("error", reject)
    child.on("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`${arm.name} ended with ${code}: ${Buffer.concat(errors).toString()}`))
    )
  })
  // Rejects if the process exits without a request, which would be awaited for ever.
  const failed = ended.then(() => Promise.reject(new Error(`${arm.name} exited without a request`)))
  failed.catch(() => {})
  return { reached: arm.until === "exit" ? ended : Promise.race([requested, failed]), ended }
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

// Twice: the first run writes the compile cache, the second reads it.
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
  const [other, maxRatio] = against ?? []
  const ratio = other === undefined ? Number.NaN : medianOf(name) / medianOf(other)
  return {
    arm: name,
    until,
    "median ms": medianOf(name).toFixed(0),
    "min ms": Math.min(...millis).toFixed(0),
    "max ms": Math.max(...millis).toFixed(0),
    n: millis.length,
    "files loaded": files,
    "modules of Node": builtIn - loaded.get(bareNode)!.builtIn,
    ...(other !== undefined && { "÷": other, ratio: ratio.toFixed(2) }),
    ...(maxRatio !== undefined && { target: `<= ${maxRatio.toFixed(2)}`, met: ratio <= maxRatio ? "yes" : "no" })
  }
})

await Results.report({
  name: "startup",
  seed,
  simulated: "Claude is a mock in this process; loopback connections, SDK and fanfold are real",
  rows,
  notes: [
    "Each sample is a fresh process of the built package. The bin's compile cache is warm unless the row says cold; the scripts have " +
      "none unless the row says so.",
    "Files loaded until the first socket or the exit; modules of Node in addition to those of a bare process."
  ],
  samples: Object.fromEntries(samples),
  plot: {
    title: "From the start of a process to its first request, or its exit",
    subtitle: `median of ${rounds} fresh processes each`,
    x: { label: "", scale: "category" },
    y: { label: "milliseconds", scale: "linear" },
    series: [{ name: "median", kind: "bar", points: arms.map(({ name }) => [name, medianOf(name)]) }]
  }
})

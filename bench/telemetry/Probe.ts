/**
 * Runs one arm of `telemetry`: `node Probe.ts ARM URL N RUNS`. Asks N questions, RUNS times, each run with telemetry of its own, and
 * prints a `Probed` as JSON. Where telemetry goes stands in the environment.
 */
import { registerHooks } from "node:module"

/** CPU a call of each run, to the end of its last export, and what of telemetry was loaded. */
export interface Probed {
  readonly cpuMillis: ReadonlyArray<number>
  readonly wallMillis: ReadonlyArray<number>
  readonly modules: number
}

const [arm = "", url = ""] = process.argv.slice(2)
const [n = 0, runs = 0] = process.argv.slice(4).map(Number)

let modules = 0
registerHooks({
  load: (url, context, next) => {
    // The entry point itself is part of the barrel.
    if (/\/(telemetry|observability)\//.test(url) && !url.endsWith("/Telemetry.ts")) modules++
    return next(url, context)
  }
})

const { Effect, Exit, Layer, Redacted, Scope } = await import("effect")
const { Ask, Event, Research, Stack, Telemetry } = await import("fanfold")
const { unboundLimits } = await import("../harness/Loopback.ts")

const asks = Array.from({ length: n }, (_, index) => Ask.text(`What is the answer to question ${index}?`))
// Long enough that fanfold searches replies for it, as for a real key.
const apiKey = Redacted.make("of-no-account")
const stack = Stack.layer({ apiKey, baseUrl: url, pacing: { limits: unboundLimits } })

/** A run of the command line always has a listener, as its progress is one. */
const progress = Layer.sync(Event.Listener, () => {
  let heard = 0
  return { emit: () => Effect.sync(() => void heard++) }
})
const listening = arm === "off" ? progress : Telemetry.layer({ name: "bench" }).pipe(Layer.provide(progress))

const one = async () => {
  const scope = Effect.runSync(Scope.make())
  // What exports is loaded before the clock starts, as the stack is.
  const context = await Effect.runPromise(Layer.buildWithScope(Layer.merge(stack, listening), scope))
  const startedAt = performance.now()
  const cpu = process.cpuUsage()
  await Effect.runPromise(Effect.provide(Research.run(asks), context))
  await Effect.runPromise(Scope.close(scope, Exit.void))
  const { system, user } = process.cpuUsage(cpu)
  return { cpuMillis: (system + user) / 1000 / n, wallMillis: performance.now() - startedAt }
}

const costs: Array<Awaited<ReturnType<typeof one>>> = []
while (costs.length < runs) costs.push(await one())
const probed: Probed = {
  cpuMillis: costs.map(({ cpuMillis }) => cpuMillis),
  wallMillis: costs.map(({ wallMillis }) => wallMillis),
  modules
}
console.log(JSON.stringify(probed))
process.exit()

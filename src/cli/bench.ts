/** `fanfold bench PLAN`: measures what asking in parallel gains for a plan, against the offline mock. */
import { Effect, Option, Path, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { PositiveInt } from "../options/OptionSchemas.ts"
import { Concurrency } from "../pipeline/Research.ts"
import type { Prepared } from "../plan/Plan.ts"
import { inert } from "../report/TerminalText.ts"
import * as BenchProgress from "./BenchProgress.ts"
import { failedWithoutMessage } from "./ExitCode.ts"
import * as Flags from "./Flags.ts"
import { invalidValue } from "./LayerFlags.ts"
import * as Output from "./Output.ts"
import { measurementFormats } from "./OutputFormat.ts"
import { measuredLayers, measuredRun } from "./PlanMeasurement.ts"
import { ProcessServices } from "./ProcessServices.ts"
import { inputFilesOf, planArgument, readPlan } from "./ReadPlan.ts"

const countFlag = (name: string, description: string, max = Number.POSITIVE_INFINITY) =>
  Flag.String(name).pipe(
    Flag.withMetavar("n"),
    Flag.withDescription(description),
    Flag.mapEffect((text) => {
      const value = Number(text)
      const range = max === Number.POSITIVE_INFINITY ? "≥ 1" : `from 1 to ${max}`
      return Schema.is(PositiveInt)(value) && value <= max
        ? Effect.succeed(value)
        : Effect.fail(invalidValue(name, text, `a whole number ${range}`))
    })
  )

/** A bound against typing errors: 1,000 iterations may take hours. */
const maxIterations = 1000

/** At this speed a simulated second takes a millisecond; above it the machine's own time outweighs the simulated one. */
const maxSpeed = 1000

const concurrency = Flag.String("concurrency").pipe(
  Flag.withAlias("j"),
  Flag.withMetavar("n,…"),
  Flag.withDescription(
    "How many asks may be under way at once, each beside 1 " +
      "(default: 2,4,8 and the plan's own, as far as there are asks, and unbounded)"
  ),
  Flag.mapEffect((text) => {
    const words = text.split(",").map((word) => word.trim())
    const values = words.map((word) => (word === "unbounded" ? word : Number(word)))
    const isValid = words.every((word) => word !== "") && values.every(Schema.is(Concurrency))
    return isValid && new Set(values).size === values.length
      ? Effect.succeed(values)
      : Effect.fail(
          invalidValue("concurrency", text, "different whole numbers ≥ 1, or unbounded, such as 1,4,unbounded")
        )
  }),
  Flag.optional
)

const latency = Flag.String("latency").pipe(
  Flag.withMetavar("profile"),
  Flag.withDescription(
    "How long simulated answers take: by-model, haiku-4-5, sonnet-4, sonnet-4-5, haiku-5-5, sonnet-5-5, opus-5-5, " +
      "fixed:MILLIS or none (default: by-model)"
  ),
  Flag.withDefault("by-model")
)

const output = Flag.String("output").pipe(
  Flag.withAlias("o"),
  Flag.withMetavar("file"),
  Flag.withDescription("Also write a plot (.svg), the data (.json) or a report (.md); may be repeated"),
  Flag.atLeast(0)
)

export const bench = Command.make(
  "bench",
  {
    plan: planArgument,
    concurrency,
    latency,
    iterations: countFlag("iterations", "How often each concurrency is measured (default: 3)", maxIterations).pipe(
      Flag.withDefault(3)
    ),
    seed: countFlag("seed", "Draws other latencies and answers (default: 1)").pipe(Flag.withDefault(1)),
    speed: countFlag(
      "speed",
      "How much faster simulated time runs than real time (default: as fast as takes about 30 seconds)",
      maxSpeed
    ).pipe(Flag.optional),
    output,
    json: Flags.onOff("json", "Print the data as JSON instead of the table"),
    quiet: Flags.onOff("quiet", "Print nothing but the figures and errors")
  },
  Effect.fnUntraced(function* (flags) {
    const plan = yield* readPlan(flags.plan)
    yield* Output.check(flags.output, [], inputFilesOf(flags.plan, plan), measurementFormats)
    const services = yield* ProcessServices
    const path = yield* Path.Path
    const subject = {
      plan: flags.plan === "-" ? "standard input" : inert(path.basename(flags.plan)),
      layers: measuredLayers(plan),
      run: measuredRun(plan)
    }
    const options = {
      concurrency: withSequentialFirst(Option.getOrElse(flags.concurrency, () => defaultConcurrencies(plan))),
      latency: flags.latency,
      iterations: flags.iterations,
      seed: flags.seed,
      speed: Option.getOrUndefined(flags.speed)
    }
    const measurement = yield* Effect.scoped(
      Effect.gen(function* () {
        const onStep = flags.quiet ? () => {} : yield* BenchProgress.make(yield* services.terminal, flags.iterations)
        return yield* services.measure(subject, options, onStep)
      })
    )
    const written = [yield* Output.print(flags.json ? measurement.json : measurement.table)]
    for (const file of flags.output) {
      written.push(yield* Output.save(file, measurement, measurementFormats, flags.quiet))
    }
    if (written.includes(false)) return yield* failedWithoutMessage()
  })
).pipe(
  Command.withDescription("Measure what asking in parallel buys for a plan; simulated, calls nothing"),
  Command.withExamples([
    { command: "fanfold bench travel-guide.yaml -o bench.svg", description: "Print the figures and plot them" },
    {
      command: "fanfold bench plan.yaml --concurrency 1,4,16 --latency sonnet-4-5 --iterations 5",
      description: "Choose what is measured"
    }
  ])
)

/** A concurrency of at least the number of asks is the same as `unbounded`. */
const defaultConcurrencies = ({ asks, concurrency }: Prepared): ReadonlyArray<Concurrency> => {
  const askCount = Object.keys(asks).length
  return [...[2, 4, 8, concurrency].filter((n) => typeof n === "number" && n < askCount), "unbounded"]
}

/** In ascending order, from 1, which every other concurrency is compared with. */
const withSequentialFirst = (concurrencies: ReadonlyArray<Concurrency>): ReadonlyArray<Concurrency> =>
  [...new Set<Concurrency>([1, ...concurrencies])].toSorted((a, b) => (toNumber(a) < toNumber(b) ? -1 : 1))

const toNumber = (concurrency: Concurrency): number =>
  concurrency === "unbounded" ? Number.POSITIVE_INFINITY : concurrency

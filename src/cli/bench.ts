/** `fanfold bench PLAN`: what asking in parallel buys for this plan, measured against the offline mock. */
import { Clock, Effect, Option, Path, Schedule, Schema, type Scope } from "effect"
import { Command, Flag } from "effect/cli"
import * as Event from "../claude/Event.ts"
import { PositiveInt } from "../options/OptionSchemas.ts"
import * as Pipeline from "../pipeline/Pipeline.ts"
import type { Prepared } from "../plan/Plan.ts"
import { Concurrency } from "../pipeline/Research.ts"
import * as RunState from "../report/RunState.ts"
import { code, Failure } from "./ExitCode.ts"
import * as Flags from "./Flags.ts"
import { inert } from "../report/TerminalText.ts"
import * as Output from "./Output.ts"
import { type Measured, Ports, type Run, type Step } from "./ProcessServices.ts"
import type * as ProgressOptions from "./progress/ProgressOptions.ts"
import { plan, readPlan } from "./run.ts"

const countOf = (name: string, description: string, most = Number.POSITIVE_INFINITY) =>
  Flag.String(name).pipe(
    Flag.withMetavar("n"),
    Flag.withDescription(description),
    Flag.mapEffect((text) => {
      const value = Number(text)
      const range = most === Number.POSITIVE_INFINITY ? "≥ 1" : `from 1 to ${most}`
      return Schema.is(PositiveInt)(value) && value <= most
        ? Effect.succeed(value)
        : Effect.fail(Flags.invalid(name, text, `a whole number ${range}`))
    })
  )

/** More runs tell nothing new, and take hours. */
const mostIterations = 1000

/** Faster than this a simulated second is a millisecond, and what is measured is the machine. */
const mostSpeed = 1000

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
    const isGood = words.every((word) => word !== "") && values.every(Schema.is(Concurrency))
    return isGood && new Set(values).size === values.length
      ? Effect.succeed(values)
      : Effect.fail(
          Flags.invalid("concurrency", text, "different whole numbers ≥ 1, or unbounded, such as 1,4,unbounded")
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

const endings = [".svg", ".json", ".md"]

export const bench = Command.make(
  "bench",
  {
    plan,
    concurrency,
    latency,
    iterations: countOf("iterations", "How often each concurrency is measured (default: 3)", mostIterations).pipe(
      Flag.withDefault(3)
    ),
    seed: countOf("seed", "Draws other latencies and answers (default: 1)").pipe(Flag.withDefault(1)),
    speed: countOf(
      "speed",
      "How much faster simulated time runs than real time (default: as fast as takes about 30 seconds)",
      mostSpeed
    ).pipe(Flag.optional),
    output,
    json: Flags.onOff("json", "Print the data as JSON instead of the table"),
    quiet: Flags.onOff("quiet", "Print nothing but the figures and errors")
  },
  Effect.fnUntraced(function* (flags) {
    const pipeline = yield* readPlan(flags.plan, (plan) => plan)
    yield* Output.check(flags.output, undefined, readsOf(flags.plan, pipeline), endings)
    const ports = yield* Ports
    const path = yield* Path.Path
    const subject = {
      plan: flags.plan === "-" ? "standard input" : inert(path.basename(flags.plan)),
      layers: pipeline.layers,
      run: runOf(pipeline)
    }
    const measuring = {
      concurrency: Option.getOrElse(flags.concurrency, () => usualFor(pipeline)),
      latency: flags.latency,
      iterations: flags.iterations,
      seed: flags.seed,
      speed: Option.getOrUndefined(flags.speed)
    }
    const measured = yield* Effect.scoped(
      Effect.gen(function* () {
        const tell = flags.quiet ? () => {} : yield* showing(yield* ports.terminal, flags.iterations)
        return yield* ports.bench(subject, { ...measuring, concurrency: inOrder(measuring.concurrency) }, tell)
      })
    )
    const written = [yield* Output.print(flags.json ? measured.json : measured.table)]
    for (const file of flags.output) written.push(yield* Output.save(file, yield* textFor(file, measured), flags.quiet))
    if (written.includes(false)) return yield* new Failure({ exitCode: code.failed, message: "" })
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

const readsOf = (file: string, { contextFile }: Effect.Success<ReturnType<typeof readPlan>>) => [
  ...(file === "-" ? [] : [{ file, what: "the plan" }]),
  ...(contextFile === undefined ? [] : [{ file: contextFile, what: "the context of the plan" }])
]

/** Above the number of asks, all concurrencies are one. */
const usualFor = ({ asks, concurrency }: Prepared): ReadonlyArray<Concurrency> => {
  const count = Object.keys(asks).length
  return [...[2, 4, 8, concurrency].filter((n) => typeof n === "number" && n < count), "unbounded"]
}

/** One after another comes first, as all others are compared with it. */
const inOrder = (given: ReadonlyArray<Concurrency>): ReadonlyArray<Concurrency> =>
  [...new Set<Concurrency>([1, ...given])].toSorted((a, b) => (placesOf(a) < placesOf(b) ? -1 : 1))

const placesOf = (concurrency: Concurrency): number =>
  concurrency === "unbounded" ? Number.POSITIVE_INFINITY : concurrency

/** A run as `fanfold run` makes it, but that every ask must be answered: a gap would make the run a shorter one. */
const runOf = (pipeline: Prepared) =>
  Effect.fnUntraced(function* (concurrency: Concurrency) {
    const tally = RunState.make()
    const startedAt = yield* Clock.currentTimeNanos
    let researchedAt = startedAt
    const emit = (event: Event.Event) =>
      Effect.map(Clock.currentTimeNanos, (now) => {
        tally.add(event)
        if (event._tag === "ResearchEnded") researchedAt = now
      })
    const running = Pipeline.run({ ...pipeline, policy: "all", concurrency, deadline: undefined })
    const { error } = yield* Effect.provideService(running, Event.Listener, { emit })
    if (error !== undefined) {
      const message = `The simulated run failed at concurrency ${concurrency}: ${inert(error.message)}`
      return yield* new Failure({ exitCode: code.failed, message })
    }
    const endedAt = yield* Clock.currentTimeNanos
    const { costUsd, usage } = tally
    return {
      researchMillis: Number(researchedAt - startedAt) / 1e6,
      synthesisMillis: pipeline.synthesis === undefined ? 0 : Number(endedAt - researchedAt) / 1e6,
      usage,
      costUsd
    } satisfies Run
  })

const textFor = (file: string, { json, markdown, svg }: Measured): Effect.Effect<string> => {
  const name = file.toLowerCase()
  if (name.endsWith(".svg")) return svg
  return Effect.succeed(name.endsWith(".json") ? json : markdown)
}

const eraseLine = "\r\u001B[2K"

/** A log, where every line stays, gets no more than one in this time. */
const lineEveryMillis = 5000

/** Tells how long it will take, then how far it is: on a line that is written anew, or, without a terminal, on one a round at most. */
const showing = Effect.fnUntraced(function* (
  { mode, output }: Omit<ProgressOptions.Options, "summary">,
  rounds: number
): Effect.fn.Return<(step: Step) => void, never, Scope.Scope> {
  const isLive = mode === "live"
  const startedAt = yield* Clock.currentTimeMillis
  let last: Step | undefined
  let nextLineAt = 0
  const show = (step: Step, elapsedMillis: number): void => {
    const place = `Round ${step.round} of ${rounds}`
    const time = `${RunState.durationText(elapsedMillis)} of about ${RunState.durationText(step.totalMillis)}`
    const line = isLive ? `${place} · ${time} · ${step.arm}` : `${place}, ${time}`
    output.write(isLive ? `${eraseLine}${line.slice(0, (output.columns || 80) - 1)}` : `${line}\n`)
  }
  if (isLive) {
    const draw = Effect.map(Clock.currentTimeMillis, (now) => {
      if (last !== undefined) show(last, now - startedAt)
    })
    yield* Effect.addFinalizer(() => Effect.sync(() => void output.write(eraseLine)))
    yield* Effect.forkScoped(Effect.schedule(draw, Schedule.spaced("250 millis")))
  }
  return (step) => {
    if (last === undefined) {
      const pace = step.speed === 1 ? "in real time" : `time running ${step.speed} × as fast`
      output.write(`Measuring against the offline mock, ${pace}: about ${RunState.durationText(step.totalMillis)}\n`)
    }
    if (!isLive && step.round !== last?.round && step.doneMillis >= nextLineAt) {
      nextLineAt = step.doneMillis + lineEveryMillis
      show(step, step.doneMillis)
    }
    last = step
  }
})

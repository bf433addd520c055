/** The measurements of a plan as data. */
import { cpus, totalmem } from "node:os"
import { Clock, Effect, Schema } from "effect"
import { Message, Research } from "fanfold"
import type * as Rehearsal from "./Rehearsal.ts"

/** Increased when the data changes in a way that an old reader would misread. */
export const version = 1

const Millis = Schema.Finite
const Samples = Schema.Array(Millis)

/**
 * The content of `-o FILE.json`. All times are simulated milliseconds, `speed` per real one; those of `ownMillis`, where no
 * simulated time passes, are real.
 */
export const PlanReport = Schema.Struct({
  version: Schema.Literal(version),
  simulated: Schema.String,
  plan: Schema.String,
  date: Schema.String,
  machine: Schema.Struct({ cpu: Schema.String, cores: Schema.Int, memoryBytes: Schema.Finite }),
  versions: Schema.Struct({ fanfold: Schema.String, node: Schema.String }),
  latency: Schema.Struct({ name: Schema.String, basis: Schema.String }),
  seed: Schema.Int,
  speed: Schema.Finite,
  iterations: Schema.Int,
  calls: Schema.Int,
  asks: Schema.Array(Schema.Struct({ name: Schema.String, millis: Millis })),
  hasSynthesis: Schema.Boolean,
  synthesisMillis: Millis,
  arms: Schema.Array(
    Schema.Struct({
      concurrency: Research.Concurrency,
      idealMillis: Millis,
      lowerBoundMillis: Millis,
      totalMillis: Samples,
      researchMillis: Samples,
      synthesisMillis: Samples,
      usage: Message.Usage,
      /** Of simulated answers at list prices; null if a model has no known price. */
      estimatedCostUsd: Schema.NullOr(Schema.Finite)
    })
  ),
  /** The plan without latency, and its requests sent to the mock without fanfold and the SDK. */
  ownMillis: Schema.Struct({ withFanfold: Samples, mockAlone: Samples })
})
export interface PlanReport extends Schema.Schema.Type<typeof PlanReport> {}

/** One concurrency: its ideal and lower bound in simulated milliseconds, its runs in wall milliseconds. */
export interface Arm {
  readonly concurrency: Research.Concurrency
  readonly idealMillis: number
  readonly lowerBoundMillis: number
  readonly runs: ReadonlyArray<Rehearsal.Run & { readonly totalMillis: number }>
}

type Given = Exclude<keyof PlanReport, "version" | "simulated" | "date" | "machine" | "versions" | "arms">

/** Converts wall to simulated milliseconds, and adds date, machine and versions. */
export const make = Effect.fnUntraced(function* (
  about: Pick<PlanReport, Given> & { readonly fanfold: string },
  arms: ReadonlyArray<Arm>
) {
  const { fanfold, ownMillis, ...given } = about
  const simulated = (wallMillis: number): number => rounded(wallMillis * given.speed)
  const [cpu] = cpus()
  return PlanReport.make({
    version,
    simulated:
      "latencies and answers are simulated, no model was asked; the SDK and fanfold are real, without a network",
    date: new Date(yield* Clock.currentTimeMillis).toISOString(),
    machine: { cpu: cpu?.model ?? "unknown", cores: cpus().length, memoryBytes: totalmem() },
    versions: { fanfold, node: process.version },
    ...given,
    arms: arms.map(({ concurrency, idealMillis, lowerBoundMillis, runs }) => ({
      concurrency,
      idealMillis,
      lowerBoundMillis,
      totalMillis: runs.map(({ totalMillis }) => simulated(totalMillis)),
      researchMillis: runs.map(({ researchMillis }) => simulated(researchMillis)),
      synthesisMillis: runs.map(({ synthesisMillis }) => simulated(synthesisMillis)),
      usage: runs[0]?.usage ?? Message.noUsage,
      estimatedCostUsd: runs[0]?.costUsd ?? null
    })),
    ownMillis: {
      withFanfold: ownMillis.withFanfold.map(rounded),
      mockAlone: ownMillis.mockAlone.map(rounded)
    }
  })
})

/** To a microsecond, which is below the noise of the clock. */
const rounded = (millis: number): number => Number(millis.toFixed(3))

const encode = Schema.encodeSync(PlanReport)

/** Indented JSON with a final line break. */
export const toJson = (report: PlanReport): string => `${JSON.stringify(encode(report), undefined, 2)}\n`

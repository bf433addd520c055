/** Plans that Claude makes of a topic, for scripts without Effect. */
import { Effect, Schema } from "effect"
import * as Listeners from "../claude/Listeners.ts"
import * as Event from "../claude/Event.ts"
import * as Issue from "../options/Issue.ts"
import * as Plan from "../pipeline/Plan.ts"
import { type Reaching, reaching as fields } from "./Options.ts"
import { claude, guarded, telemetryOf } from "./Run.ts"
import { RunError } from "./RunError.ts"
import { settled } from "./Settled.ts"

export type { Question, TopicPlan } from "../pipeline/Plan.ts"

/** How many questions, about which document, by which model; and how Claude is reached, as of `run`. */
export interface Options extends Plan.Options, Reaching {}

/** Nothing was answered by then. */
const noFindings = { run: "", policy: "all", answers: {}, findings: [], gaps: [], durationMillis: 0 } as const

const program = Effect.fnUntraced(function* (topic: string, asked: Plan.Options, options: Reaching) {
  const onEvent = guarded(options.onEvent)
  const listener: Event.Listener = { emit: (event) => Effect.sync(() => onEvent(event)) }
  const telemetry = options.otlp === undefined ? undefined : yield* telemetryOf(options, options.otlp)
  return yield* Plan.fromTopic(topic, asked).pipe(
    Effect.mapError((error) => new RunError(error, noFindings)),
    Effect.provideService(Event.Listener, Listeners.watched(listener, telemetry)),
    Effect.provide(claude(options))
  )
}, Effect.scoped)

/**
 * Asks Claude once for the questions of a topic: `run({ asks: plan.asks, synthesis: plan.synthesis })` takes them. Rejects with
 * `RunError`; for wrong arguments with a `RangeError`.
 */
export const fromTopic = (topic: string, options?: Options): Promise<Plan.TopicPlan> =>
  Promise.resolve(options ?? {}).then(({ asks, context, model, ...reaching }) => {
    // Made here, as few programs make a plan.
    Issue.assert(Schema.Struct(fields).annotate({ expected: "options" }), "options")(reaching)
    return settled(program(topic, { asks, context, model }, reaching), reaching.signal)
  })

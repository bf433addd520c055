/**
 * Traces and metrics of runs by OpenTelemetry's conventions for generative AI, sent by OTLP: a listener of events, so that no
 * layer knows of it. What sends is loaded only where something is to be sent.
 */
import { Console, Effect, Fiber, Layer, Result, type Scope } from "effect"
import * as Call from "../claude/Call.ts"
import { baseUrl, defaultBaseUrl } from "../claude/Claude.ts"
import * as Event from "../claude/Event.ts"
import * as Listeners from "../claude/Listeners.ts"
import * as Issue from "../options/Issue.ts"
import { inCode } from "../options/OptionSchemas.ts"
import { Options } from "../options/OtlpOption.ts"
import * as Variable from "../options/Variable.ts"

export { Options } from "../options/OtlpOption.ts"

/** What is told beside the events. */
export interface Subject {
  /** What the run is called, such as its plan: `gen_ai.agent.name`. */
  readonly name?: string | undefined
  /** Where requests go; `undefined` where answers are simulated. */
  readonly baseUrl: string | undefined
}

/** How often runs are looked at that may have ended, as a synthesis may follow a research. */
const settleInterval = "1 second"

/**
 * Events are folded so many at a time, or at each look at what may have ended: one after another they take a fraction of what
 * they take between the work of calls.
 */
const maxPending = 512

/** An event that is not folded yet. */
interface Pending {
  readonly event: Event.Event
  readonly content: Event.Content | undefined
  readonly scope: object | undefined
}

/**
 * A watcher of events that exports until the scope closes, which waits a bounded time for the last export; `undefined` where nothing is to
 * be sent. What is wrong is reported, and fails nothing.
 */
export const make = Effect.fnUntraced(function* (
  options: Options,
  subject: Subject,
  report: (problem: string) => Effect.Effect<void> = Console.error
): Effect.fn.Return<Listeners.Watcher | undefined, never, Scope.Scope> {
  if (options.url === undefined && !(yield* isAsked)) return undefined
  const { settings } = yield* Effect.promise(() => import("./OtlpSettings.ts"))
  const found = yield* Effect.result(settings(options))
  if (found._tag === "Failure") {
    yield* report(`No telemetry is sent: ${found.failure}`)
    return undefined
  }
  if (found.success === undefined) return undefined
  const [{ make }, { RunSpans }, { Identities }, { ofBaseUrl }] = yield* Effect.promise(() =>
    Promise.all([
      import("./OtlpExport.ts"),
      import("./RunSpans.ts"),
      import("./Identities.ts"),
      import("./Surroundings.ts")
    ])
  )
  const isWithContent = options.content === true
  const exporter = yield* make(found.success, isWithContent, (problem) => report(`Telemetry is lost: ${problem}`))
  const { encoding, metrics, spans, touch } = exporter
  const runs = new RunSpans({
    name: subject.name,
    ...ofBaseUrl(encoding, subject.baseUrl),
    isWithContent,
    encoding,
    identities: new Identities(encoding),
    metrics,
    spans
  })
  let pending: Array<Pending> = []
  const fold = () => {
    const all = pending
    pending = []
    all.forEach(({ content, event, scope }) => runs.add(event, content, scope))
    if (all.length > 0) touch()
  }
  /** Folds what is pending, and then ends what has ended. */
  const folding = (end: () => void) =>
    Effect.catchDefect(Effect.sync(fold), logFailure).pipe(
      Effect.andThen(Effect.catchDefect(Effect.sync(end), logFailure))
    )
  yield* Effect.addFinalizer(() => folding(() => runs.close()))
  yield* Effect.sleep(settleInterval).pipe(
    Effect.andThen(folding(() => runs.settle())),
    Effect.forever,
    Effect.forkScoped
  )
  const context = yield* Effect.context()
  return (event, content) => {
    const scope = event.run === "" ? Fiber.getCurrent()?.getRef(Call.Execution) : undefined
    pending.push({ event, content, scope })
    if (pending.length < maxPending) return
    const folded = Result.try(fold)
    if (Result.isFailure(folded)) Effect.runForkWith(context)(logFailure(folded.failure))
  }
})

const logFailure = (thrown: unknown) => Effect.logError("Telemetry failed; the run goes on", thrown)

/** Whether the environment has an address, so that all of its variables are worth reading. */
const isAsked = Effect.map(
  Effect.forEach(["", "TRACES_", "METRICS_"], (signal) => Variable.text(`OTEL_EXPORTER_OTLP_${signal}ENDPOINT`)),
  (found) => found.some((text) => text !== "")
)

const assertOptions = Issue.assert(inCode(Options), "otlp")

/**
 * Listens to all runs of the program that it is provided to, beside the listener there is. Without `url` it sends where OpenTelemetry's
 * variables say, or nothing. `name` is what the runs are called.
 */
export const layer = (options: Options & { readonly name?: string | undefined } = {}): Layer.Layer<never> => {
  const { name, ...given } = options
  assertOptions(given)
  return Layer.effect(
    Event.Listener,
    Effect.gen(function* () {
      const listener = yield* Event.Listener
      const url = yield* Effect.orElseSucceed(baseUrl, () => undefined)
      const telemetry = yield* make(given, { name, baseUrl: url ?? defaultBaseUrl })
      return Listeners.watched(listener, telemetry)
    })
  )
}

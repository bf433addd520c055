/** A run without Effect: its program, and what it gives. */
import { Clock, type Config, Effect, Layer, Record, Redacted, Result, Struct } from "effect"
import { problemOf } from "../claude/ApiKey.ts"
import { apiKey, baseUrl, type Claude, defaultBaseUrl } from "../claude/Claude.ts"
import type { Contradiction } from "../claude/Contradiction.ts"
import * as Event from "../claude/Event.ts"
import * as Clouds from "../claude/Clouds.ts"
import * as Provider from "../claude/Provider.ts"
import * as Listeners from "../claude/Listeners.ts"
import type { Usage } from "../claude/Message.ts"
import * as Stack from "../layers/Stack.ts"
import * as Issue from "../options/Issue.ts"
import type { Options as OtlpOptions } from "../options/OtlpOption.ts"
import type { Policy } from "../options/Policy.ts"
import * as Ask from "../pipeline/Ask.ts"
import { type Findings, whyOf } from "../pipeline/Findings.ts"
import * as Pipeline from "../pipeline/Pipeline.ts"
import type { Synthesis } from "../pipeline/Synthesis.ts"
import * as BudgetCheck from "../plan/BudgetCheck.ts"
import * as ToolCheck from "../plan/ToolCheck.ts"
import * as WindowCheck from "../plan/WindowCheck.ts"
import * as RunBreakdown from "../report/RunBreakdown.ts"
import { RunState } from "../report/RunState.ts"
import { RunError } from "./RunError.ts"
import { type AnswersOf, type AnyOptions, pipelineOf, type Questions, type Reaching } from "./Options.ts"

type DocumentOf<S> = S extends string ? string : S extends Synthesis<infer A> ? A : undefined

/** The result of a run. `estimatedCostUsd` is from list prices and `prices`; `undefined` where a model's price is not known. */
export interface Run<Q extends Questions, S, P extends Policy> {
  readonly answers: AnswersOf<Q, P>
  readonly document: DocumentOf<S>
  /** What the answers contradict each other in; the document settles it or calls it open. */
  readonly contradictions: ReadonlyArray<Contradiction>
  /** The asks whose answers could not be compared; absent where that are none. */
  readonly uncompared?: ReadonlyArray<string>
  readonly gaps: ReadonlyArray<{ readonly name: string; readonly question: string; readonly message: string }>
  readonly findings: Findings
  readonly usage: Usage
  readonly estimatedCostUsd: number | undefined
  /** Usage and cost by ask, and of the synthesis; an unknown cost is null. */
  readonly spent: RunBreakdown.RunBreakdown
  readonly durationMillis: number
}

/** Runs the pipeline of checked options; `onText` gets the deltas of the document's text. */
export const program = Effect.fnUntraced(function* (options: AnyOptions, onText?: (text: string) => void) {
  const state = new RunState()
  const startedAt = yield* Clock.currentTimeMillis
  const onEvent = guarded(options.onEvent)
  const pipeline = yield* pipelineOf(options)
  const { budget, defaults } = options
  const issues = [
    ...WindowCheck.check(pipeline, defaults).issues,
    ...ToolCheck.issuesOf(pipeline, options.provider, { defaults }),
    ...(budget === undefined ? [] : BudgetCheck.issuesOf(pipeline, budget, options, defaults))
  ]
  if (issues.length > 0) throw new RangeError(issues.map(Issue.toString).join("\n"))
  const folding: Event.Listener = {
    emit: (event) =>
      Effect.sync(() => {
        state.add(event)
        onEvent(event)
      })
  }
  const telemetry = options.otlp === undefined ? undefined : yield* telemetryOf(options, options.otlp)
  const { disagreement, document, findings, shortfall } = yield* Pipeline.run(pipeline, undefined, onText).pipe(
    // Within the layers, as the journal ends a run that succeeds, and the next one would ask everything again.
    Effect.tap(({ error, findings }) =>
      error === undefined ? Effect.void : Effect.fail(new RunError(error, findings, undefined))
    ),
    Effect.provideService(Ask.Defaults, defaults ?? {}),
    Effect.provideService(Event.Listener, Listeners.watched(folding, telemetry)),
    Effect.provide(claude(options))
  )
  const failure = shortfall ?? disagreement
  if (failure !== undefined) return yield* Effect.fail(new RunError(failure, findings, document?.value))
  const gaps = findings.gaps.map((gap) => ({ name: gap.name, question: gap.question, message: whyOf(gap) }))
  const durationMillis = (yield* Clock.currentTimeMillis) - startedAt
  const { costUsd: estimatedCostUsd, usage } = state
  const { answers } = findings
  const spent = RunBreakdown.of(state)
  const { contradictions = [], uncompared } = document ?? {}
  return {
    answers,
    document: document?.value,
    contradictions,
    ...(uncompared && { uncompared }),
    gaps,
    findings,
    usage,
    estimatedCostUsd,
    spent,
    durationMillis
  }
}, Effect.scoped)

/** Loaded where it is asked for. */
export const telemetryOf = Effect.fnUntraced(function* (options: Reaching, otlp: OtlpOptions) {
  const { make } = yield* Effect.promise(() => import("../telemetry/Telemetry.ts"))
  const url = options.baseUrl ?? (yield* Effect.orElseSucceed(baseUrl, () => undefined)) ?? defaultBaseUrl
  return yield* make(otlp, { baseUrl: url })
})

/** Calls `onEvent`; its exceptions and rejections do not fail the run, and the first is reported on standard error. */
export const guarded = (onEvent: Reaching["onEvent"]): ((event: Event.Event) => void) => {
  let isReported = false
  const report = (thrown: unknown): void => {
    if (!isReported) console.error("fanfold: onEvent failed; the run goes on.", thrown)
    isReported = true
  }
  return (event) => void Result.try({ try: () => Promise.resolve(onEvent?.(event)).catch(report), catch: report })
}

const layerNames = Record.keys(Stack.Options.fields)

/** The layers of the options, over who is to be asked. */
export const claude = (options: Reaching): Layer.Layer<Claude, Error> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const layers = Struct.pick(options, layerNames)
      if (options.client !== undefined) {
        const excluded = (["apiKey", "baseUrl", "fetch"] as const).find((name) => options[name] !== undefined)
        if (excluded !== undefined) throw new RangeError(`${excluded}: a client has its own, so leave it out`)
        return Stack.layer({ ...layers, client: options.client })
      }
      const cloud = options.fetch === undefined ? Provider.cloudOf(options.provider) : undefined
      if (cloud !== undefined) {
        const connected = Effect.mapError(Clouds.connect(cloud, options.transport), ({ message }) => new Error(message))
        return Stack.layer({ ...layers, ...(yield* connected) })
      }
      if (options.apiKey !== undefined && typeof options.apiKey !== "string")
        throw new RangeError("apiKey: expected text")
      const key =
        options.apiKey === undefined ? yield* Effect.mapError(apiKey, keyError) : Redacted.make(options.apiKey)
      const given = Redacted.value(key)
      if (given.trim() === "") return yield* Effect.fail(noKey())
      const problem = problemOf(given)
      if (problem !== undefined) return yield* Effect.fail(wrongKey(problem))
      const url = options.baseUrl ?? (yield* Effect.mapError(baseUrl, noUrl))
      return Stack.layer({ ...layers, apiKey: key, baseUrl: url, fetch: options.fetch })
    })
  )

const noUrl = ({ cause }: Config.ConfigError): Error => new Error(cause.message)

const wrongKey = (problem: string): Error => new Error(`apiKey: the key ${problem}`)

const keyError = ({ cause }: Config.ConfigError): Error =>
  cause._tag === "SourceError" ? new Error(cause.message) : noKey()

const noKey = (): Error => new Error("No key: set ANTHROPIC_API_KEY to your key, or pass apiKey")

/** The same pipeline for scripts without Effect: `const { document } = await run({ asks, synthesis })`. */
import { Clock, type Config, Effect, Exit, Layer, Predicate, Record, Redacted, Result, Schema, Struct } from "effect"
import * as BudgetCheck from "./plan/BudgetCheck.ts"
import * as Ask from "./pipeline/Ask.ts"
import type { AskError } from "./claude/AskError.ts"
import { apiKey, baseUrl, type Claude } from "./claude/Claude.ts"
import * as Deadline from "./pipeline/Deadline.ts"
import * as Event from "./claude/Event.ts"
import { type Answers, type Asks, type Findings, whyOf } from "./pipeline/Findings.ts"
import * as Issue from "./options/Issue.ts"
import * as Stack from "./layers/Stack.ts"
import { inCode, optional } from "./options/OptionSchemas.ts"
import type { Usage } from "./claude/Message.ts"
import * as Pipeline from "./pipeline/Pipeline.ts"
import type { Policy } from "./options/Policy.ts"
import * as Research from "./pipeline/Research.ts"
import * as RunBreakdown from "./report/RunBreakdown.ts"
import * as Synthesis from "./pipeline/Synthesis.ts"
import { RunState } from "./report/RunState.ts"

export * as Ask from "./pipeline/Ask.ts"
export * as Synthesis from "./pipeline/Synthesis.ts"

/** Questions by name or in order: text, or an ask with settings and an answer schema. */
type Questions = Readonly<Record<string, string | Ask.Ask<any>>> | ReadonlyArray<string | Ask.Ask<any>>
type AsksOf<Q extends Questions> = { readonly [K in keyof Q]: Q[K] extends Ask.Ask<any> ? Q[K] : Ask.Ask<string> }
type AnswersOf<Q extends Questions, P extends Policy> = AsksOf<Q> extends infer A extends Asks ? Answers<A, P> : never
type DocumentOf<S> = S extends string ? string : S extends Synthesis.Synthesis<infer A> ? A : undefined

export interface Options<Q extends Questions, S, P extends Policy>
  extends Omit<Research.Options<P>, "onInterrupt">, Stack.Options {
  readonly asks: Q
  /** An instruction, or `Synthesis.text` / `Synthesis.object`; without it there is no document. */
  readonly synthesis?: S
  /** Settings of every ask that has none of its own. */
  readonly defaults?: Ask.Options | undefined
  /** Aborting it closes every request in flight, and rejects with its reason. */
  readonly signal?: AbortSignal | undefined
  /** Told of everything that happens, in order, and not waited for. Its own failure is said once on standard error. */
  readonly onEvent?: ((event: Event.Event) => void) | undefined
  /** Default: `ANTHROPIC_API_KEY`, else `ANTHROPIC_AUTH_TOKEN`. */
  readonly apiKey?: string | undefined
  /** Default: `ANTHROPIC_BASE_URL`, else the API's own. */
  readonly baseUrl?: string | undefined
  readonly fetch?: typeof globalThis.fetch | undefined
}

/** What a run gives. `estimatedCostUsd` is from list prices and `prices`; `undefined` where a model's price is not known. */
export interface Run<Q extends Questions, S, P extends Policy> {
  readonly answers: AnswersOf<Q, P>
  readonly document: DocumentOf<S>
  readonly gaps: ReadonlyArray<{ readonly name: string; readonly question: string; readonly message: string }>
  readonly findings: Findings
  readonly usage: Usage
  readonly estimatedCostUsd: number | undefined
  /** The same by ask, and for the synthesis; null stands for what is not known. */
  readonly spent: RunBreakdown.RunBreakdown
  readonly durationMillis: number
}

/**
 * A run that failed. `findings` and `answers` keep what was finished, and paid; `cause` is the error itself. Where the
 * deadline or the budget ended asking before the policy was met, `document` is the synthesis of what was there.
 */
export class RunError extends Error {
  override readonly name = "RunError"
  override readonly cause: Research.ResearchError | AskError
  readonly findings: Findings
  readonly document: unknown
  constructor(cause: Research.ResearchError | AskError, findings: Findings, document?: unknown) {
    super(cause.message)
    this.cause = cause
    this.findings = findings
    this.document = document
  }
  get answers(): Findings["answers"] {
    return this.findings.answers
  }
}

/** Asks all questions together, then folds the answers. Rejects with `RunError`; wrong arguments with a `RangeError`. */
export const run = <
  const Q extends Questions,
  const S extends string | Synthesis.Synthesis<any> | undefined = undefined,
  const P extends Policy = "all"
>(
  options: Options<Q, S, P>
): Promise<Run<Q, S, P>> =>
  Promise.resolve(options).then((options) => {
    assertOptions(options)
    const { signal } = options
    return Effect.runPromiseExit(program(options), { ...(signal && { signal }) }).then((exit) => {
      if (Exit.isSuccess(exit)) return exit.value as never
      if (signal?.aborted === true) throw signal.reason
      const error = Exit.findErrorOption(exit)
      if (error._tag === "Some") throw error.value
      const defect = exit.cause.reasons.find(({ _tag }) => _tag === "Die")
      throw defect?._tag === "Die" ? defect.defect : new Error("The run was interrupted")
    })
  })

type AnyOptions = Options<Questions, string | Synthesis.Synthesis<any> | undefined, Policy>

const program = Effect.fnUntraced(function* (options: AnyOptions) {
  const tally = new RunState()
  const startedAt = yield* Clock.currentTimeMillis
  const onEvent = harmless(options.onEvent)
  const pipeline = pipelineOf(options)
  const { budget, defaults, prices } = options
  const unaffordable = budget === undefined ? [] : BudgetCheck.issuesOf(pipeline, budget, prices, defaults)
  if (unaffordable.length > 0) throw new RangeError(unaffordable.map(Issue.toString).join("\n"))
  const outcome = yield* Pipeline.run(pipeline).pipe(
    Effect.provideService(Ask.Defaults, defaults ?? {}),
    Effect.provideService(Event.Listener, {
      emit: (event) =>
        Effect.sync(() => {
          tally.add(event)
          onEvent(event)
        })
    }),
    Effect.provide(claude(options))
  )
  const { document, findings, shortfall } = outcome
  const error = outcome.error ?? shortfall
  if (error !== undefined) return yield* Effect.fail(new RunError(error, findings, document?.value))
  const gaps = findings.gaps.map((gap) => ({ name: gap.name, question: gap.question, message: whyOf(gap) }))
  const durationMillis = (yield* Clock.currentTimeMillis) - startedAt
  const { costUsd: estimatedCostUsd, usage } = tally
  const { answers } = findings
  const spent = RunBreakdown.of(tally)
  return { answers, document: document?.value, gaps, findings, usage, estimatedCostUsd, spent, durationMillis }
})

/** A listener that fails, now or later, must not cost the answers. */
const harmless = (onEvent: AnyOptions["onEvent"]): ((event: Event.Event) => void) => {
  let isReported = false
  const report = (thrown: unknown): void => {
    if (!isReported) console.error("fanfold: onEvent failed; the run goes on.", thrown)
    isReported = true
  }
  return (event) => {
    const told = Result.try({ try: () => Promise.resolve(onEvent?.(event)).catch(report), catch: report })
    void told
  }
}

const anInstruction = { expected: "an instruction, Synthesis.text or Synthesis.object" }

const isSynthesis = (input: unknown): boolean =>
  typeof input === "string"
    ? input.trim() !== ""
    : Predicate.hasProperty(input, "answer") && typeof input === "function"

const isSignal = (input: unknown): boolean =>
  Predicate.hasProperty(input, "aborted") && Predicate.hasProperty(input, "addEventListener")

const assertAsks = Issue.assert(Schema.ObjectKeyword.annotate({ expected: "asks by name or in order" }), "asks")
const { onInterrupt: _onInterrupt, ...researchOptions } = Research.Options.fields
const assertOptions = Issue.assert(
  Schema.Struct({
    asks: optional(Schema.Unknown),
    synthesis: optional(Schema.Unknown.check(Schema.makeFilter(isSynthesis, anInstruction))),
    defaults: optional(inCode(Ask.Settings)),
    signal: optional(Schema.Unknown.check(Schema.makeFilter(isSignal, { expected: "an AbortSignal" }))),
    onEvent: optional(Research.AFunction),
    fetch: optional(Research.AFunction),
    // Looked at where it is used, as an error of the schema's would show it.
    apiKey: optional(Schema.Unknown),
    baseUrl: optional(Schema.Unknown),
    ...researchOptions,
    ...inCode(Stack.Options).fields
  })
    .annotate({ expected: "options" })
    .check(
      Schema.makeFilter((options) => Deadline.issuesOf(options).map(({ message, path }) => ({ path, issue: message })))
    )
)

const pipelineOf = ({ asks, concurrency, context, deadline, policy, synthesis }: AnyOptions): Pipeline.Pipeline => {
  assertAsks(asks)
  return {
    asks: isList(asks) ? asks.map((ask, index) => toAsk(ask, String(index))) : Record.map(asks, toAsk),
    synthesis: typeof synthesis === "string" ? Synthesis.text(synthesis) : synthesis,
    policy: policy ?? "all",
    concurrency: concurrency ?? "unbounded",
    context,
    deadline
  }
}

const toAsk = (ask: string | Ask.Ask<any>, name: string): Ask.Ask<any> => {
  if (ask instanceof Ask.Ask) return ask
  Issue.assert(Ask.Question, `asks.${name}`)(ask)
  return Ask.text(ask)
}

const isList = (asks: Questions): asks is ReadonlyArray<string | Ask.Ask<any>> => Array.isArray(asks)

const claude = (options: AnyOptions): Layer.Layer<Claude, Error> =>
  Layer.unwrap(
    Effect.gen(function* () {
      if (options.apiKey !== undefined && typeof options.apiKey !== "string")
        throw new RangeError("apiKey: expected text")
      const key = options.apiKey === undefined ? yield* Effect.mapError(apiKey, noKey) : Redacted.make(options.apiKey)
      if (Redacted.value(key).trim() === "") return yield* Effect.fail(noKey())
      const url = options.baseUrl ?? (yield* Effect.mapError(baseUrl, noUrl))
      return Stack.layer({ ...Struct.pick(options, layerNames), apiKey: key, baseUrl: url, fetch: options.fetch })
    })
  )

const layerNames = Record.keys(Stack.Options.fields)

const noUrl = ({ cause }: Config.ConfigError): Error => new Error(cause.message)

const noKey = (): Error => new Error("No key: set ANTHROPIC_API_KEY to your key, or pass apiKey")

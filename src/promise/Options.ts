/** The options of a run without Effect: their types, their checks, and the pipeline they stand for. */
import { Effect, Predicate, Record, Schema } from "effect"
import type { Client } from "../claude/Client.ts"
import type * as Event from "../claude/Event.ts"
import * as Documents from "../documents/Documents.ts"
import * as Stack from "../layers/Stack.ts"
import * as Issue from "../options/Issue.ts"
import { inCode, optional } from "../options/OptionSchemas.ts"
import { Options as Otlp } from "../options/OtlpOption.ts"
import type { Policy } from "../options/Policy.ts"
import * as Ask from "../pipeline/Ask.ts"
import * as AskFiles from "../pipeline/AskFiles.ts"
import * as DeadlineOption from "../pipeline/DeadlineOption.ts"
import type { Answers, Asks } from "../pipeline/Findings.ts"
import type * as Pipeline from "../pipeline/Pipeline.ts"
import * as Research from "../pipeline/Research.ts"
import * as Synthesis from "../pipeline/Synthesis.ts"

/** Questions by name or in order: text, or an ask with settings and an answer schema. */
export type Questions = Readonly<Record<string, string | Ask.Ask<any>>> | ReadonlyArray<string | Ask.Ask<any>>
type AsksOf<Q extends Questions> = { readonly [K in keyof Q]: Q[K] extends Ask.Ask<any> ? Q[K] : Ask.Ask<string> }
export type AnswersOf<Q extends Questions, P extends Policy> =
  AsksOf<Q> extends infer A extends Asks ? Answers<A, P> : never

/** An instruction, or `Synthesis.text` / `Synthesis.object`. */
export type Instruction = string | Synthesis.Synthesis<any>

/** How Claude is reached, and who is told. */
export interface Reaching extends Stack.Options {
  /** Aborting it closes every request in flight, and rejects with its reason. */
  readonly signal?: AbortSignal | undefined
  /** Called with every event, in order, and not awaited. Its first exception is reported on standard error. */
  readonly onEvent?: ((event: Event.Event) => void) | undefined
  /** Default: `ANTHROPIC_API_KEY`, else `ANTHROPIC_AUTH_TOKEN`. */
  readonly apiKey?: string | undefined
  /** Default: `ANTHROPIC_BASE_URL`, else the API's own. */
  readonly baseUrl?: string | undefined
  /** Traces and metrics by OpenTelemetry's conventions; `{}` sends where the environment says, and nothing is sent without it. */
  readonly otlp?: Otlp | undefined
  readonly fetch?: typeof globalThis.fetch | undefined
  /** A client of the SDK's family, with credentials of its own: `new AnthropicBedrock()`. Excludes `apiKey`, `baseUrl` and `fetch`. */
  readonly client?: Client | undefined
}

/** `policy` is `"all"` by default, the first failure ends the run; in plans and on the command line it is `"best-effort"`. */
export interface Options<Q extends Questions, S, P extends Policy>
  extends Omit<Research.Options<P>, "onInterrupt" | "deadline">, Reaching {
  readonly asks: Q
  /** Ends the asks under every policy, counted from the start; with `{ asking, all }` also the synthesis. */
  readonly deadline?: DeadlineOption.Given | undefined
  /** An instruction, or `Synthesis.text` / `Synthesis.object`; without it there is no document. */
  readonly synthesis?: S
  /** Settings of every ask that does not set them itself. */
  readonly defaults?: Ask.Options | undefined
}

export type AnyOptions = Options<Questions, Instruction | undefined, Policy>

const isSynthesis = (input: unknown): boolean =>
  typeof input === "string"
    ? input.trim() !== ""
    : Predicate.hasProperty(input, "answer") && typeof input === "function"

const AnInstruction = Schema.Unknown.check(
  Schema.makeFilter(isSynthesis, { expected: "an instruction, Synthesis.text or Synthesis.object" })
)

/** Throws a `RangeError` where there is no synthesis, whose text could be streamed. */
export const assertSynthesis = Issue.assert(AnInstruction, "synthesis")

const isSignal = (input: unknown): boolean =>
  Predicate.hasProperty(input, "aborted") && Predicate.hasProperty(input, "addEventListener")

const isClient = (input: unknown): boolean =>
  Predicate.hasProperty(input, "messages") &&
  Predicate.hasProperty(input.messages, "create") &&
  typeof input.messages.create === "function"

const { onInterrupt: _onInterrupt, ...researchOptions } = Research.Options.fields

/** The fields of `Reaching`. */
export const reaching = {
  signal: optional(Schema.Unknown.check(Schema.makeFilter(isSignal, { expected: "an AbortSignal" }))),
  onEvent: optional(Research.AFunction),
  fetch: optional(Research.AFunction),
  // Checked where they are used, as an error of a schema would show the key.
  apiKey: optional(Schema.Unknown),
  baseUrl: optional(Schema.Unknown),
  client: optional(Schema.Unknown.check(Schema.makeFilter(isClient, { expected: "a client with messages.create" }))),
  otlp: optional(inCode(Otlp)),
  ...inCode(Stack.Options).fields
}

/** Throws a `RangeError` that names every wrong option, before anything is sent. */
export const assertOptions = Issue.assert(
  Schema.Struct({
    asks: optional(Schema.Unknown),
    synthesis: optional(AnInstruction),
    defaults: optional(inCode(Ask.Settings)),
    ...researchOptions,
    deadline: optional(DeadlineOption.Given),
    ...reaching
  })
    .annotate({ expected: "options" })
    .check(
      Schema.makeFilter((options) =>
        DeadlineOption.issuesOf(options).map(({ message, path }) => ({ path, issue: message }))
      )
    )
)

const assertAsks = Issue.assert(Schema.ObjectKeyword.annotate({ expected: "asks by name or in order" }), "asks")

/** The pipeline of checked options, with its files read. Throws a `RangeError` for what is no ask, or cannot be read. */
export const pipelineOf = Effect.fnUntraced(function* (options: AnyOptions) {
  const { asks, concurrency, context, deadline, policy, synthesis } = options
  assertAsks(asks)
  const reader = new Documents.Reader(".")
  const given = isList(asks)
    ? asks.map((ask, index) => [String(index), toAsk(ask, String(index))] as const)
    : Object.entries(Record.map(asks, toAsk))
  const entries = given.map(([name, ask], index) => ({ name, index, ask }))
  const read = yield* Documents.orDie(AskFiles.readAll(entries, reader))
  const pipeline: Pipeline.Pipeline = {
    asks: isList(asks) ? read.map(({ ask }) => ask) : Object.fromEntries(read.map(({ ask, name }) => [name, ask])),
    synthesis: typeof synthesis === "string" ? Synthesis.text(synthesis) : synthesis,
    policy: policy ?? "all",
    concurrency: concurrency ?? "unbounded",
    context: context === undefined ? undefined : yield* Documents.orDie(Documents.context(context, reader)),
    deadline
  }
  return pipeline
})

const toAsk = (ask: string | Ask.Ask<any>, name: string): Ask.Ask<any> => {
  if (Ask.isAsk(ask)) return ask
  Issue.assert(Ask.Question, `asks.${name}`)(ask)
  return Ask.text(ask)
}

const isList = (asks: Questions): asks is ReadonlyArray<string | Ask.Ask<any>> => Array.isArray(asks)

/** The flags that several verbs share. */
import { Effect, Option, Schema } from "effect"
import { Flag } from "effect/cli"
import * as Models from "../claude/Models.ts"
import { Options as Otlp } from "../options/OtlpOption.ts"
import * as Policy from "../options/Policy.ts"
import { Limits } from "../pipeline/DeadlineOption.ts"
import { Concurrency } from "../pipeline/Research.ts"
import type { Plan } from "../plan/Plan.ts"
import type { Options as StackOptions } from "../layers/Stack.ts"
import * as EventsOutput from "./EventsOutput.ts"
import { type Failure, usageError } from "./ExitCode.ts"
import { flagsOf, invalidValue, type LayerValues, merge } from "./LayerFlags.ts"
import { endingsText, type Formats, outputFormats } from "./OutputFormat.ts"

export { layers } from "./LayerFlags.ts"

const concurrency = Flag.String("concurrency").pipe(
  Flag.withAlias("j"),
  Flag.withMetavar("n"),
  Flag.withDescription("How many asks may be under way at once, or unbounded"),
  Flag.mapEffect((text) => {
    const value = text === "unbounded" ? text : Number(text)
    return Schema.is(Concurrency)(value) && text.trim() !== ""
      ? Effect.succeed(value)
      : Effect.fail(invalidValue("concurrency", text, "a whole number ≥ 1, or unbounded"))
  }),
  Flag.optional
)

const policy = Flag.String("policy").pipe(
  Flag.withMetavar("policy"),
  Flag.withDescription(
    "When research counts as done: all, best-effort (default; in code it is all), atLeast=n or first=n"
  ),
  Flag.mapEffect((text) => {
    const value = Policy.fromString(text)
    return value === undefined
      ? Effect.fail(invalidValue("policy", text, "all, best-effort, atLeast=n or first=n"))
      : Effect.succeed(value)
  }),
  Flag.optional
)

const model = Flag.String("model").pipe(
  Flag.withMetavar("model"),
  Flag.withDescription(
    "Model of every ask that names none, or a,b,…: the next where one is overloaded or missing, or refuses"
  ),
  Flag.mapEffect((text) => {
    const models = Models.fromString(text)
    return models === undefined
      ? Effect.fail(invalidValue("model", text, "the name of a model, or different ones with commas between them"))
      : Effect.succeed(models)
  }),
  Flag.optional
)

export const onOff = (name: string, description: string, isOn = false): Flag.Flag<boolean> =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.withDefault(isOn))

/** The parsed values of a record of flags. */
export type Values<Flags> = { readonly [K in keyof Flags]: Flags[K] extends Flag.Flag<infer A> ? A : never }

/** `--deadline` for `asking`, and `--deadline-all`. */
const deadline = flagsOf(Limits.fields, "deadline")

/** `--reuse` and `--fresh` for two of the words of `reuse`; a plan can say the others. */
const reuse = onOff(
  "reuse",
  "Answer from the journal whatever it has, and ask the rest (default: only what unfinished runs paid)"
)
const fresh = onOff("fresh", "Ask everything again, and go on with no unfinished run")

/** `--otlp`, and `--otlp-content`. */
const otlp = flagsOf(Otlp.fields, "otlp")
/** `--var` and `--vars`: values for `{name}` in the plan's texts, over those of its own `vars`. */
export const variables = {
  var: Flag.String("var").pipe(
    Flag.withMetavar("name=value"),
    Flag.withDescription("A value for {name} in questions, system, context and instruction; may be repeated"),
    Flag.atLeast(0)
  ),
  vars: Flag.String("vars").pipe(
    Flag.withMetavar("file"),
    Flag.withDescription("The same from a file of YAML, JSON or TOML"),
    Flag.optional
  )
}

/** Flags that replace keys of the plan, and have their names. */
export const asking = { concurrency, policy, deadline, model, reuse, fresh, otlp }

/** `-o FILE`, which may be repeated; the ending of the file says which of the formats it is. */
export const outputTo = (description: string, formats: Formats<never>) =>
  Flag.String("output").pipe(
    Flag.withAlias("o"),
    Flag.withMetavar("file"),
    Flag.withDescription(`${description}: ${endingsText(formats)}; may be repeated`),
    Flag.atLeast(0)
  )

/** Flags of `run` and `ask`: which Claude answers, where the documents go, and what is shown. */
export const running = {
  offline: onOff("offline", "Simulated answers: no key, no network, no cost"),
  record: Flag.String("record").pipe(
    Flag.withMetavar("file"),
    Flag.withDescription(
      "Keep every request and reply, with its times and without keys, on this tape; one that is there is added to"
    ),
    Flag.optional
  ),
  replay: Flag.String("replay").pipe(
    Flag.withMetavar("file"),
    Flag.withDescription("Answer from a tape, in the time it took: no key, no network, no cost"),
    Flag.optional
  ),
  output: outputTo("Write the document there instead of printing it", outputFormats),
  detach: onOff("detach", "Leave once everything is in a batch; the same command comes back for the results (--batch)"),
  ui: onOff("ui", "Show the run in a browser while it goes on, at an address that is printed"),
  json: onOff("json", "Print the report as JSON: document, answers, gaps, usage"),
  ...EventsOutput.flags,
  quiet: onOff("quiet", "Print nothing but the document and errors"),
  progress: onOff("progress", "Show how the asks go (--no-progress: only the closing summary)", true)
}
export type Running = Values<typeof running>

/** The options of the layers that flags give, where there is no plan. */
export const layersOf = (layers: LayerValues): typeof StackOptions.Type => merge({}, layers)

/** Gives a plan the values of the flags that are given, which win over its own. Fails where two flags contradict each other. */
export const amend = (
  flags: Omit<Values<typeof asking>, "deadline" | "otlp"> & Record<"deadline" | "otlp" | "layers", LayerValues>
): Effect.Effect<(plan: Plan) => Plan, Failure> => {
  const { concurrency, deadline, fresh, layers, model, otlp, policy, reuse } = flags
  if (reuse && fresh) return Effect.fail(usageError("--reuse and --fresh exclude each other"))
  const word = reuse ? "always" : fresh ? "never" : undefined
  const given = { ...layers, concurrency, policy, deadline, otlp, model, reuse: Option.fromUndefinedOr(word) }
  return Effect.succeed((plan) => ({ ...plan, ...merge(plan, given) }))
}

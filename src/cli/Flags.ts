/** The flags that several verbs share, and those derived from the options of the layers. */
import { Effect, Option, Schema, String } from "effect"
import { CliError, Flag } from "effect/cli"
import * as Issue from "../options/Issue.ts"
import { Options as StackOptions } from "../layers/Stack.ts"
import * as Models from "../claude/Models.ts"
import type { Plan } from "../plan/Plan.ts"
import { PositiveDuration } from "../options/OptionSchemas.ts"
import * as Policy from "../options/Policy.ts"
import { Concurrency } from "../pipeline/Research.ts"

/** The error of a flag whose value is wrong. */
export const invalid = (option: string, value: string, expected: string) =>
  new CliError.InvalidValue({ option, value, expected, kind: "flag" })

const concurrency = Flag.String("concurrency").pipe(
  Flag.withAlias("j"),
  Flag.withMetavar("n"),
  Flag.withDescription("How many asks may be under way at once, or unbounded"),
  Flag.mapEffect((text) => {
    const value = text === "unbounded" ? text : Number(text)
    return Schema.is(Concurrency)(value) && text.trim() !== ""
      ? Effect.succeed(value)
      : Effect.fail(invalid("concurrency", text, "a whole number ≥ 1, or unbounded"))
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
      ? Effect.fail(invalid("policy", text, "all, best-effort, atLeast=n or first=n"))
      : Effect.succeed(value)
  }),
  Flag.optional
)

const model = Flag.String("model").pipe(
  Flag.withMetavar("model"),
  Flag.withDescription("Model of every ask that names none, or a,b,…: the next where one is overloaded or missing"),
  Flag.mapEffect((text) => {
    const models = Models.fromString(text)
    return models === undefined
      ? Effect.fail(invalid("model", text, "the name of a model, or different ones with commas between them"))
      : Effect.succeed(models)
  }),
  Flag.optional
)

/** A flag that is on or off. */
export const onOff = (name: string, description: string, isOn = false): Flag.Flag<boolean> =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.withDefault(isOn))

/** What flags give once they are parsed. */
export type Values<Flags> = { readonly [K in keyof Flags]: Flags[K] extends Flag.Flag<infer A> ? A : never }

/** When asking ends. */
const deadline = flagOf(
  "deadline",
  PositiveDuration.annotate({ description: "When asking ends, whatever the policy; what is there is folded then" })
)

/** What a run asks and how; the same words as in a plan. */
export const asking = { concurrency, policy, deadline, model }

/** Where a run goes and what it shows. */
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
  output: Flag.String("output").pipe(
    Flag.withAlias("o"),
    Flag.withMetavar("file"),
    Flag.withDescription("Write the document there instead of printing it: .md or .json; may be repeated"),
    Flag.atLeast(0)
  ),
  json: onOff("json", "Print the report as JSON: document, answers, gaps, usage"),
  quiet: onOff("quiet", "Print nothing but the document and errors"),
  progress: onOff("progress", "Show how the asks go (--no-progress: only the closing summary)", true)
}
export type Running = Values<typeof running>

/** Flags in the shape of the options they stand for. */
interface LayerFlags {
  readonly [option: string]: Flag.Flag<Option.Option<unknown>> | LayerFlags
}

/** What these flags give once they are parsed. */
interface LayerValues {
  readonly [option: string]: Option.Option<unknown> | LayerValues
}

type Field = Schema.Codec<unknown, unknown>

/** A struct of options, or a union of one with what may be written in its place. */
interface Group extends Field {
  readonly fields?: Fields
  readonly members?: ReadonlyArray<Group>
}
type Fields = Readonly<Record<string, { readonly schema: Group }>>

const fieldsOf = ({ fields, members = [] }: Group): Fields | undefined =>
  fields ?? members.find((member) => member.fields !== undefined)?.fields

const flagsOf = (options: Fields, group = ""): LayerFlags =>
  Object.fromEntries(
    Object.entries(options).flatMap(([option, { schema }]) => {
      const fields = fieldsOf(schema)
      // Keys of the user's own, such as the models of `prices`, have no flags: a plan holds them.
      if (fields === undefined && schema.ast._tag === "Objects") return []
      const words = String.camelToSnake(option).replaceAll("_", "-")
      // The main option of a group goes by the group's own name.
      const isMain = group !== "" && Schema.resolveAnnotations(schema)?.["isMain"] === true
      const name = isMain ? group : group === "" ? words : `${group}-${words}`
      return [[option, fields === undefined ? flagOf(name, schema) : flagsOf(fields, name)]]
    })
  )

/** A flag for every option of every layer: `retry.maxWait` of a plan is `--retry-max-wait`. */
export const layers = flagsOf(StackOptions.fields)

function flagOf(name: string, field: Field): Flag.Flag<Option.Option<unknown>> {
  const description = Schema.resolveAnnotations(field)?.description ?? ""
  if (field.ast._tag === "Boolean") {
    return Flag.Boolean(name).pipe(Flag.withDescription(`${description}; --no-${name} turns it off`), Flag.optional)
  }
  const decode = Issue.decode(field)
  const isNumber = field.ast._tag === "Number"
  return Flag.String(name).pipe(
    Flag.withMetavar(isNumber ? "n" : "time"),
    Flag.withDescription(description),
    Flag.mapEffect((text) =>
      Effect.mapError(decode(isNumber ? Number(text) : text), ([issue]) =>
        invalid(name, text, issue?.message.replace(/^expected /, "").replace(/, got .*$/, "") ?? "another value")
      )
    ),
    Flag.optional
  )
}

/** Puts what was said on the command line into a plan, where it wins over what the plan says itself. */
export const amend =
  (
    flags: Values<typeof asking> & {
      readonly layers: LayerValues
    }
  ) =>
  (plan: Plan): Plan => ({
    ...plan,
    ...merge(plan, flags.layers),
    ...present({
      concurrency: flags.concurrency,
      policy: flags.policy,
      deadline: flags.deadline,
      model: flags.model
    })
  })

const merge = (options: object | undefined, values: LayerValues): Record<string, unknown> => ({
  ...options,
  ...Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => {
      if (Option.isOption(value)) return Option.isSome(value) ? [[name, value.value]] : []
      const merged = merge((options as Readonly<Record<string, object | undefined>> | undefined)?.[name], value)
      return Object.keys(merged).length === 0 ? [] : [[name, merged]]
    })
  )
})

const present = (options: Readonly<Record<string, Option.Option<unknown>>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(options).flatMap(([name, value]) => (Option.isSome(value) ? [[name, value.value]] : []))
  )

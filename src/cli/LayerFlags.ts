/** Flags derived from the options of the layers: the plan key `retry.maxWait` is the flag `--retry-max-wait`. */
import { Effect, Option, Schema, String } from "effect"
import { CliError, Flag } from "effect/cli"
import { Options as StackOptions } from "../layers/Stack.ts"
import * as Issue from "../options/Issue.ts"

/** The error of a flag with a wrong value. */
export const invalidValue = (option: string, value: string, expected: string) =>
  new CliError.InvalidValue({ option, value, expected, kind: "flag" })

/** Flags, nested as the options they set. */
export interface LayerFlags {
  readonly [option: string]: Flag.Flag<Option.Option<unknown>> | LayerFlags
}

/** The values of such flags; `None` for a flag that is not given. */
export interface LayerValues {
  readonly [option: string]: Option.Option<unknown> | LayerValues
}

type Field = Schema.Codec<unknown, unknown>

/** The schema of an option: a struct of further options, a union with such a struct, or a single value. */
interface OptionSchema extends Field {
  readonly fields?: Fields
  readonly members?: ReadonlyArray<OptionSchema>
  readonly literals?: ReadonlyArray<unknown>
}
type Fields = Readonly<Record<string, { readonly schema: OptionSchema }>>

const fieldsOf = ({ fields, members = [] }: OptionSchema): Fields | undefined =>
  fields ?? members.find((member) => member.fields !== undefined)?.fields

/** A flag for each of these options, and for those within them. */
export const flagsOf = (options: Fields, prefix = ""): LayerFlags =>
  Object.fromEntries(
    Object.entries(options).flatMap(([option, { schema }]): ReadonlyArray<readonly [string, LayerFlags[string]]> => {
      const fields = fieldsOf(schema)
      if (Schema.resolveAnnotations(schema)?.["hasNoFlag"] === true) return []
      // A record with keys of the user's own, such as the models of `prices`, has no flags: only a plan sets it.
      if (fields === undefined && schema.ast._tag === "Objects") return []
      const words = String.camelToSnake(option).replaceAll("_", "-")
      // The flag of an option annotated as `isMain` is its group's name: `budget.usd` is `--budget`.
      const isMain = prefix !== "" && Schema.resolveAnnotations(schema)?.["isMain"] === true
      const name = isMain ? prefix : prefix === "" ? words : `${prefix}-${words}`
      if (fields === undefined) return [[option, flagOf(name, schema)]]
      const group: LayerFlags = {
        ...switchOf(name, schema),
        ...flagsOf(fields, name),
        ...(canBeOff(schema) && { [off]: offFlag(name) })
      }
      return [[option, group]]
    })
  )

/** The key of the flag that sets a whole group to false. No option has this name. */
const off = "false"

const canBeOff = ({ members = [] }: OptionSchema): boolean => members.some((member) => Schema.is(member)(false))

const offFlag = (name: string) =>
  Flag.Boolean(`no-${name}`).pipe(Flag.withDescription(`Turn --${name} off`), Flag.optional)

/** The key of the flag that turns a group on without any of its options, or leaves it out. No option has this name. */
const on = "true"

/** Of a group that is annotated with what `isSwitch` says of it. */
const switchOf = (name: string, schema: OptionSchema): LayerFlags => {
  const description = Schema.resolveAnnotations(schema)?.["isSwitch"]
  if (typeof description !== "string") return {}
  return {
    [on]: Flag.Boolean(name).pipe(Flag.withDescription(`${description}; --no-${name} turns it off`), Flag.optional)
  }
}

/** A flag for one option, decoded by its schema. */
export function flagOf(name: string, schema: OptionSchema): Flag.Flag<Option.Option<unknown>> {
  const description = Schema.resolveAnnotations(schema)?.description ?? ""
  if (schema.ast._tag === "Boolean") {
    return Flag.Boolean(name).pipe(Flag.withDescription(`${description}; --no-${name} turns it off`), Flag.optional)
  }
  const decode = Issue.decode(schema)
  const isNumber = schema.ast._tag === "Number"
  const { metavar = isNumber ? "n" : "time" } = (Schema.resolveAnnotations(schema) ?? {}) as {
    readonly metavar?: string
  }
  return Flag.String(name).pipe(
    Flag.withMetavar(schema.literals?.join("|") ?? metavar),
    Flag.withDescription(description),
    Flag.mapEffect((text) =>
      Effect.mapError(decode(isNumber ? Number(text) : text), ([issue]) =>
        invalidValue(name, text, issue?.message.replace(/^expected /, "").replace(/, got .*$/, "") ?? "another value")
      )
    ),
    Flag.optional
  )
}

/** A flag for every option of every layer. */
export const layers = flagsOf(StackOptions.fields)

/** Options with the values of the flags that are given, which win. */
export const merge = (options: object | undefined, values: LayerValues): Record<string, unknown> => ({
  ...options,
  ...Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => {
      if (Option.isOption(value)) return Option.isSome(value) ? [[name, value.value]] : []
      const isOff = value[off]
      if (Option.isOption(isOff) && Option.getOrElse(isOff, () => false) === true) return [[name, false]]
      const { [off]: _isOn, [on]: switched, ...given } = value
      const isSwitched = Option.isOption(switched) ? Option.getOrUndefined(switched) : undefined
      if (isSwitched === false) return [[name, undefined]]
      const merged = merge((options as Readonly<Record<string, object | undefined>> | undefined)?.[name], given)
      return Object.keys(merged).length === 0 && isSwitched !== true ? [] : [[name, merged]]
    })
  )
})

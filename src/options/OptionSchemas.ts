/** The schemas that options are made of: numbers, durations and text, with the words an error uses for them. */
import { Duration, Option, Record, Schema, type SchemaAST, SchemaTransformation } from "effect"
import { isBlank } from "./BlankText.ts"
import { planText } from "./DurationText.ts"

/** Text that is not blank; `what` is what an error says it should be. */
export const NonEmpty = (what: string) =>
  Schema.String.check(Schema.makeFilter((text) => !isBlank(text), { expected: what })).annotate({ expected: what })

const wholeNumber = { expected: "a whole number ≥ 1" }

/** A whole number from 1. */
export const PositiveInt = Schema.Number.annotate(wholeNumber).check(
  Schema.isInt(wholeNumber),
  Schema.isGreaterThanOrEqualTo(1, wholeNumber)
)

const duration = { expected: 'a time longer than zero, such as "90 seconds"' }

/** Milliseconds of a duration longer than zero. */
const millisOf = (input: unknown): number | undefined => {
  const millis = Option.map(Duration.fromInput(input as Duration.Input), Duration.toMillis)
  return Option.getOrUndefined(Option.filter(millis, (millis) => millis > 0))
}

const words = { ms: "millis", s: "seconds", m: "minutes", h: "hours", d: "days" }

/** Writes a short form, such as `90s`, in the words that `Duration` reads; any other text stays as it is. */
const inWords = (text: string): string =>
  text.replace(/^(\d+(?:\.\d+)?) ?(ms|s|m|h|d)$/, (_, n, unit: keyof typeof words) => `${n} ${words[unit]}`)

const fromText = SchemaTransformation.transform({
  decode: (text: string) => Duration.fromInputUnsafe(inWords(text) as Duration.Input),
  encode: String
})

/** Milliseconds of a limit as code or a plan gives it; `undefined` where it sets none, as an infinite duration does. */
export const limitMillisOf = (input: unknown): number | undefined => {
  const millis = millisOf(typeof input === "string" ? inWords(input) : input)
  return millis === Number.POSITIVE_INFINITY ? undefined : millis
}

/** Refuses durations that are longer than another one of the same options, which leaves them without an effect. */
export const noneLonger = (names: ReadonlyArray<string>, than: string) =>
  Schema.makeFilter((options: { readonly [name: string]: unknown }) => {
    const longest = limitMillisOf(options[than])
    return names.flatMap((name) => {
      const millis = limitMillisOf(options[name])
      if (longest === undefined || millis === undefined || millis <= longest) return []
      return [{ path: [name], issue: `expected at most ${planText(longest)} (${than}), got ${planText(millis)}` }]
    })
  })

/** A duration longer than zero as code gives it: `"90 seconds"`, milliseconds, a `Duration`. */
export const PositiveDurationInput = Schema.Unknown.check(
  Schema.makeFilter((input) => millisOf(input) !== undefined, duration)
)

const durationNamed = (named: { readonly expected: string }) =>
  Schema.String.annotate(named)
    .check(Schema.makeFilter((text) => millisOf(inWords(text)) !== undefined, named))
    .pipe(Schema.decodeTo(Schema.Duration, fromText))

/** A duration longer than zero, written as `"90 seconds"` or `"2 minutes"`, or in short as `90s`, `2m`, `1h`, `30d` or `500ms`. */
export const PositiveDuration = durationNamed(duration)

/** Such a duration, or one of these words in its place. */
export const durationOr = <const Words extends ReadonlyArray<string>>(...words: Words) => {
  const named = { expected: `${words.map((word) => `"${word}"`).join(", ")}, or ${duration.expected}` }
  const given = Schema.Unknown.check(
    Schema.makeFilter((input) => words.includes(input as string) || millisOf(input) !== undefined, named)
  )
  return Schema.Union([Schema.Literals(words), durationNamed(named)]).annotate({ ...named, inCode: given })
}

/**
 * The type of options as code gives them, of the schema that a plan's are decoded with: durations in any form that Effect
 * takes, and `undefined` for what is not set.
 */
export type InCode<S extends Schema.Top> = Given<S["Type"]>
type Given<A> = { readonly [K in keyof A]?: GivenValue<Exclude<A[K], undefined>> | undefined }
type GivenValue<A> = A extends Duration.Duration ? Duration.Input : A extends string | number | boolean ? A : Given<A>

/** A schema may say by the annotation `inCode` what code gives for it. */
type Codec = Schema.Codec<unknown>
type Options = { readonly fields: Schema.Struct.Fields; readonly ast: SchemaAST.AST }
type Field = Codec & { readonly schema?: Field; readonly fields?: Fields }
type Fields = Readonly<Record<string, Field>>

const named = { expected: "options" }

/** The schema of options as code gives them, of the one that a plan's are decoded with. `InCode` is its type. */
export const inCode = (options: Options) => {
  const struct = Schema.Struct(Record.map(options.fields as unknown as Fields, (field) => optional(given(field))))
  const schema = struct.annotate(named)
  const { checks } = options.ast
  // An annotation belongs to the last check, where there is one.
  return checks === undefined ? schema : schema.check(...checks).annotate(named)
}

/** An option that may be left out, or be `undefined`; an error says what it should be. */
export const optional = <S extends Schema.Top>(schema: S) =>
  Schema.optionalKey(Schema.UndefinedOr(schema).annotate({ expected: Schema.resolveAnnotations(schema)?.expected }))

const isDuration = (schema: Field): boolean => Schema.is(schema)(Duration.infinity)

/**
 * A text that is the same for all ways to write the same options: keys in the schema's order, durations in milliseconds,
 * and nothing of what is not set.
 */
export const keyOf = ({ fields }: Pick<Options, "fields">, options: object = {}): string =>
  JSON.stringify(valuesOf(fields as unknown as Fields, options))

const valuesOf = (fields: Fields, options: object): ReadonlyArray<unknown> =>
  Object.entries(fields).map(([name, field]) => {
    const schema = field.schema ?? field
    const value = (options as Readonly<Record<string, unknown>>)[name]
    if (value === undefined) return null
    if (schema.fields !== undefined) return valuesOf(schema.fields, value as object)
    // JSON has no infinity.
    return isDuration(schema) ? String(millisOf(value)) : value
  })

/** Options of code as a plan would state them: what the schema decodes, and JSON can hold. */
export const toEncoded = ({ fields }: Pick<Options, "fields">, options: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fields as unknown as Fields).flatMap(([name, field]) => {
      const schema = field.schema ?? field
      const value = (options as Readonly<Record<string, unknown>>)[name]
      if (value === undefined) return []
      if (schema.fields !== undefined) return [[name, toEncoded({ fields: schema.fields }, value as object)]]
      const isWord = typeof value === "string" && millisOf(inWords(value)) === undefined
      return [[name, isDuration(schema) && !isWord ? encodedDuration(value) : value]]
    })
  )

const encodedDuration = (value: unknown): string => {
  const millis = limitMillisOf(value)
  return millis === undefined ? "Infinity" : `${millis} millis`
}

const given = (field: Field): Codec => {
  const schema = field.schema ?? field
  const own = Schema.resolveAnnotations(schema)?.["inCode"]
  if (own !== undefined) return own as Codec
  if (schema.fields !== undefined) return inCode({ fields: schema.fields, ast: schema.ast })
  return isDuration(schema) ? PositiveDurationInput : Schema.toType(schema)
}

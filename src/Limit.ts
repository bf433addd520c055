/** The two kinds of limits that settings are made of, with the words an error uses for them. */
import { Duration, Option, Record, Schema, SchemaTransformation } from "effect"

const wholeNumber = { expected: "a whole number ≥ 1" }

/** A whole number from 1. */
export const PositiveInt = Schema.Number.annotate(wholeNumber).check(
  Schema.isInt(wholeNumber),
  Schema.isGreaterThanOrEqualTo(1, wholeNumber)
)

const time = { expected: 'a time longer than zero, such as "90 seconds"' }

const isTime = (input: unknown): boolean =>
  Option.exists(Duration.fromInput(input as Duration.Input), (duration) => Duration.toMillis(duration) > 0)

const words = { ms: "millis", s: "seconds", m: "minutes", h: "hours" }

/** A short form, such as `90s`, in words, which is what `Duration` reads; any other text as it is. */
const inWords = (text: string): string =>
  text.replace(/^(\d+(?:\.\d+)?) ?(ms|s|m|h)$/, (_, n, unit: keyof typeof words) => `${n} ${words[unit]}`)

const fromText = SchemaTransformation.transform({
  decode: (text: string) => Duration.fromInputUnsafe(inWords(text) as Duration.Input),
  encode: String
})

/** Such a time as code gives it: `"90 seconds"`, milliseconds, a `Duration`. */
export const PositiveDurationInput = Schema.Unknown.check(Schema.makeFilter(isTime, time))

/** A duration longer than zero, written as `"90 seconds"` or `"2 minutes"`, or in short as `90s`, `2m`, `1h` or `500ms`. */
export const PositiveDuration = Schema.String.annotate(time)
  .check(Schema.makeFilter((text) => isTime(inWords(text)), time))
  .pipe(Schema.decodeTo(Schema.Duration, fromText))

/** A schema may say by the annotation `inCode` what code gives for it. */
type Codec = Schema.Codec<unknown>
type Field = Codec & { readonly schema?: Field; readonly fields?: Fields }
type Fields = Readonly<Record<string, Field>>

/** Options as code gives them, of options as a plan has them: times in any form, and `undefined` for what is not said. */
export const inCode = (options: { readonly fields: Schema.Struct.Fields }) =>
  Schema.Struct(Record.map(options.fields as unknown as Fields, (field) => optional(given(field)))).annotate({
    expected: "options"
  })

/** An option that may be left out, or be `undefined`; an error says what it should be. */
export const optional = <S extends Schema.Top>(schema: S) =>
  Schema.optionalKey(Schema.UndefinedOr(schema).annotate({ expected: Schema.resolveAnnotations(schema)?.expected }))

const given = (field: Field): Codec => {
  const schema = field.schema ?? field
  const own = Schema.resolveAnnotations(schema)?.["inCode"]
  if (own !== undefined) return own as Codec
  if (schema.fields !== undefined) return inCode({ fields: schema.fields })
  return Schema.is(schema)(Duration.infinity) ? PositiveDurationInput : Schema.toType(schema)
}

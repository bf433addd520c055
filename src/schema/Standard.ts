/** Schemas of other libraries: Standard Schema with its JSON Schema export, as zod, arktype and valibot have it. See standardschema.dev. */
import { Effect, Predicate } from "effect"
import { exportOf, type JsonSchemaExport } from "./LibraryExport.ts"

/** A schema that validates values, and can give the JSON Schema of what it takes. */
export interface StandardSchema<in out Input = any, in out Output = any> {
  readonly "~standard": {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => Validation<Output> | Promise<Validation<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
    readonly jsonSchema?: JsonSchemaExport | undefined
  }
}

interface Validation<Output> {
  readonly value?: Output
  readonly issues?: ReadonlyArray<StandardIssue> | undefined
}

interface StandardIssue {
  readonly message: string
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined
}

/** The type of the values that a schema gives. */
export type OutputOf<S extends StandardSchema> = NonNullable<S["~standard"]["types"]>["output"]

export const isStandardSchema = (value: unknown): value is StandardSchema =>
  Predicate.hasProperty(value, "~standard") && Predicate.hasProperty(value["~standard"], "validate")

/** The JSON Schema of the values that a schema takes. Throws where its library exports none, and says what to write instead. */
export const jsonSchemaOf = (schema: StandardSchema): Readonly<Record<string, unknown>> => {
  const { jsonSchema, vendor } = schema["~standard"]
  if (jsonSchema !== undefined) return exportOf(vendor, jsonSchema)
  const advice =
    vendor === "valibot"
      ? "wrap it: toStandardJsonSchema(schema) of @valibot/to-json-schema"
      : "use a version of the library whose schemas have it (zod 4.2, arktype 2.1.28), or pass a JSON Schema"
  throw new RangeError(`schema: this schema of ${vendor} has no JSON Schema export (~standard.jsonSchema): ${advice}`)
}

/** The validated value, or the issues as text, a line each. */
export const validate = <S extends StandardSchema>(schema: S, value: unknown): Effect.Effect<OutputOf<S>, string> =>
  Effect.flatMap(
    Effect.promise(() => Promise.resolve(schema["~standard"].validate(value))),
    (result) => {
      const { issues } = result
      if (issues === undefined) return Effect.succeed(result.value as OutputOf<S>)
      const lines = issues.map(({ message, path = [] }) => {
        const keys = path.map((part) => String(typeof part === "object" ? part.key : part))
        return keys.length === 0 ? message : `${keys.join(".")}: ${message}`
      })
      return Effect.fail(lines.join("\n"))
    }
  )

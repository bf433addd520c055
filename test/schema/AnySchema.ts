/** Random JSON Schemas of the keywords that answers may have, and values of which many fit them. */
import * as fc from "fast-check"

export type Schema = { readonly [keyword: string]: unknown } | boolean

const keys = ["a", "b", "x1", "x2", "c"]
const patterns = ["^x", "[ab]", "2$"]
const texts = fc.constantFrom("", "a", "ab", "x1", "😀", "b2")
const numbers = fc.constantFrom(-1, 0, 0.5, 1, 1.5, 2, 3, 6, 1e15)
const scalars = fc.oneof(texts, numbers, fc.boolean(), fc.constant(null))
const key = fc.constantFrom(...keys)
const count = fc.nat({ max: 3 })

/** Some of the keywords, and a type. */
const some = (keywords: Readonly<Record<string, fc.Arbitrary<unknown>>>, type?: string) =>
  fc.record({
    ...Object.fromEntries(
      Object.entries(keywords).map(([keyword, value]) => [keyword, fc.option(value, { nil: undefined, freq: 3 })])
    ),
    type: fc.constant(type)
  }) as fc.Arbitrary<Record<string, unknown>>

const rarely = (value: fc.Arbitrary<unknown>) => fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, value)
const named = (value: fc.Arbitrary<unknown>) => fc.dictionary(key, value, { maxKeys: 3, noNullPrototype: true })
const names = fc.uniqueArray(key, { maxLength: 2 })
const values = fc.oneof(fc.array(scalars, { maxLength: 2 }), named(scalars))

const bounds = {
  minimum: rarely(numbers),
  maximum: rarely(numbers),
  exclusiveMinimum: rarely(numbers),
  exclusiveMaximum: rarely(numbers),
  multipleOf: rarely(fc.constantFrom(0.5, 1, 2, 3))
}

const plain: fc.Arbitrary<Schema> = fc.oneof(
  some({ minLength: rarely(count), maxLength: rarely(count), pattern: rarely(fc.constantFrom(...patterns)) }, "string"),
  ...["number", "integer"].map((type) => some(bounds, type)),
  fc.constantFrom({ type: "boolean" }, { type: "null" }, { type: ["string", "null"] }, {}, true),
  fc.array(scalars, { minLength: 1, maxLength: 3 }).map((choices) => ({ enum: choices })),
  fc.oneof(scalars, values).map((value) => ({ const: value }))
)

const listOf = (part: fc.Arbitrary<unknown>, isNested: boolean) =>
  some(
    {
      items: part,
      prefixItems: rarely(fc.array(part, { minLength: 1, maxLength: 2 })),
      minItems: rarely(count),
      maxItems: rarely(count),
      uniqueItems: rarely(fc.boolean()),
      contains: rarely(part),
      minContains: rarely(count),
      maxContains: rarely(count),
      unevaluatedItems: rarely(fc.oneof(fc.constant(false), part))
    },
    isNested ? undefined : "array"
  )

const objectOf = (part: fc.Arbitrary<unknown>, isNested: boolean) =>
  some(
    {
      properties: named(part),
      required: rarely(names),
      additionalProperties: rarely(fc.oneof(fc.boolean(), part)),
      patternProperties: rarely(
        fc.dictionary(fc.constantFrom(...patterns), part, { maxKeys: 2, noNullPrototype: true })
      ),
      propertyNames: rarely(
        fc.oneof(
          fc.constantFrom({ type: "string" }, { pattern: "^[ax]" }, { maxLength: 1 }, { not: { const: "b" } }),
          fc.array(key, { minLength: 1, maxLength: 3 }).map((choices) => ({ enum: choices }))
        )
      ),
      minProperties: rarely(count),
      maxProperties: rarely(count),
      dependentRequired: rarely(named(names)),
      dependentSchemas: rarely(named(part)),
      unevaluatedProperties: rarely(fc.oneof(fc.constant(false), part))
    },
    isNested ? undefined : "object"
  )

const combined = (own: fc.Arbitrary<Schema>, part: fc.Arbitrary<unknown>, condition: fc.Arbitrary<unknown>) =>
  fc
    .tuple(
      own,
      some({
        allOf: rarely(fc.array(part, { minLength: 1, maxLength: 2 })),
        anyOf: rarely(fc.array(part, { minLength: 1, maxLength: 3 })),
        oneOf: rarely(fc.array(part, { minLength: 1, maxLength: 2 })),
        not: rarely(condition),
        if: rarely(condition),
        ...Object.fromEntries(["then", "else"].map((keyword) => [keyword, rarely(part)])),
        $ref: rarely(fc.constant("#/$defs/D"))
      })
    )
    .map(([schema, others]): Schema => (typeof schema === "boolean" ? others : Object.assign({}, others, schema)))

const schemaOf = (depth: number, isNested: boolean, hasRef: boolean): fc.Arbitrary<Schema> => {
  if (depth === 0) return plain
  const part = fc.oneof(plain, schemaOf(depth - 1, false, hasRef))
  const own = fc.oneof(
    { weight: 1, arbitrary: plain },
    { weight: 3, arbitrary: objectOf(part, isNested) },
    { weight: 2, arbitrary: listOf(part, isNested) }
  )
  const condition = fc.oneof(plain, schemaOf(depth - 1, true, hasRef))
  return fc.oneof(own, combined(own, part, condition)).map((schema: Schema) => {
    if (typeof schema === "boolean" || hasRef) return schema
    const { $ref: _, ...others } = schema
    return others
  })
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Without the keywords that are `undefined`. */
const cleaned = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(cleaned)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, part]) => (part === undefined ? [] : [[name, cleaned(part)]]))
  )
}

const anyValue = fc.oneof(scalars, fc.array(scalars, { maxLength: 3 }), named(fc.oneof(scalars, named(scalars))))

/** Values near a schema. */
const near = (schema: unknown, root: Record<string, unknown>, depth = 4): fc.Arbitrary<unknown> => {
  if (!isObject(schema) || depth === 0) return anyValue
  const list = (keyword: string) => (Array.isArray(schema[keyword]) ? (schema[keyword] as ReadonlyArray<unknown>) : [])
  const next = (part: unknown) => near(part, root, depth - 1)
  const ways: Array<fc.Arbitrary<unknown>> = []
  if (schema["const"] !== undefined) ways.push(fc.constant(schema["const"]))
  if (list("enum").length > 0) ways.push(fc.constantFrom(...list("enum")))
  const others = [...list("allOf"), ...list("anyOf"), ...list("oneOf"), schema["then"], schema["else"]].filter(isObject)
  if (schema["$ref"] !== undefined) others.push((root["$defs"] as Record<string, Record<string, unknown>>)["D"]!)
  const own = ownNear(schema, next)
  if (own !== undefined) ways.push(own)
  ways.push(...others.map(next))
  if (isObject(schema["properties"]) || others.length > 0) {
    ways.push(
      fc
        .tuple(...(own === undefined ? [] : [own]), ...others.map(next))
        .map((parts) => Object.fromEntries(parts.filter(isObject).flatMap((part) => Object.entries(part))))
    )
  }
  return ways.length === 0
    ? anyValue
    : fc.oneof({ weight: 1, arbitrary: anyValue }, ...ways.map((arbitrary) => ({ weight: 4, arbitrary })))
}

const ownNear = (
  schema: Record<string, unknown>,
  next: (part: unknown) => fc.Arbitrary<unknown>
): fc.Arbitrary<unknown> | undefined => {
  const [type] = [schema["type"]].flat()
  if (type === "string") return texts
  if (type === "number" || type === "integer") return numbers
  if (type === "boolean") return fc.boolean()
  if (type === "null") return fc.constant(null)
  if (type === "array") {
    const prefix = Array.isArray(schema["prefixItems"]) ? schema["prefixItems"] : []
    return fc
      .tuple(fc.tuple(...prefix.map(next)), fc.array(next(schema["items"] ?? schema["contains"]), { maxLength: 3 }))
      .map((parts) => parts.flat())
  }
  if (type !== "object") return undefined
  const properties = isObject(schema["properties"]) ? Object.entries(schema["properties"]) : []
  const required = Array.isArray(schema["required"]) ? (schema["required"] as ReadonlyArray<string>) : []
  const further = isObject(schema["additionalProperties"])
    ? schema["additionalProperties"]
    : Object.values(isObject(schema["patternProperties"]) ? schema["patternProperties"] : {})[0]
  const known = properties.map(([name, part]) =>
    fc.option(next(part), { freq: required.includes(name) ? 20 : 2, nil: undefined }).map((value) => [name, value])
  )
  const extra = fc.dictionary(key, next(further), { maxKeys: properties.length === 0 ? 3 : 1, noNullPrototype: true })
  return fc
    .tuple(fc.tuple(...known), fc.oneof(fc.constant({}), extra))
    .map(([parts, rest]) =>
      Object.fromEntries([...Object.entries(rest), ...parts.filter(([, value]) => value !== undefined)] as never)
    )
}

/** A schema with one definition, and values near it. */
export const schemasAndValues: fc.Arbitrary<readonly [Schema, ReadonlyArray<unknown>]> = fc
  .tuple(schemaOf(2, false, true), schemaOf(1, false, false))
  .map(([schema, definition]) => cleaned({ ...(typeof schema === "boolean" ? {} : schema), $defs: { D: definition } }))
  .chain((schema) =>
    fc.tuple(
      fc.constant(schema as Schema),
      fc.array(near(schema, schema as Record<string, unknown>), { minLength: 4, maxLength: 8 })
    )
  )

/** JSON Schemas that structured output cannot express or that no answer fits: each problem with its place. */
import { assert, describe, it } from "@effect/vitest"
import { inspect } from "../../src/schema/AnswerFormat.ts"

const text = { type: "string" }
const object = (properties: object, required?: ReadonlyArray<string>) => ({
  type: "object",
  properties,
  ...(required !== undefined && { required })
})

const problemsOf = (schema: unknown) =>
  inspect(schema).problems.map(({ message, path }) => `${path.join(".")}: ${message}`)

describe("a JSON Schema is rejected", () => {
  const rows: ReadonlyArray<readonly [what: string, schema: unknown, ...problems: ReadonlyArray<string>]> = [
    [
      "recursion by #",
      object({ k: { $ref: "#" } }),
      'properties.k.$ref: Recursive schemas are not supported by structured output: "#" refers to itself'
    ],
    [
      "recursion through another definition",
      {
        $ref: "#/$defs/A",
        $defs: { A: object({ b: { $ref: "#/$defs/B" } }), B: object({ a: { $ref: "#/$defs/A" } }) }
      },
      '$defs.B.properties.a.$ref: Recursive schemas are not supported by structured output: "#/$defs/A" refers to itself'
    ],
    [
      "recursion in names",
      {
        type: "object",
        propertyNames: { $ref: "#/$defs/N" },
        $defs: { N: { enum: ["a"], allOf: [{ $ref: "#/$defs/N" }] } }
      },
      '$defs.N.allOf.0.$ref: Recursive schemas are not supported by structured output: "#/$defs/N" refers to itself'
    ],
    [
      "other documents",
      { $ref: "https://x.test/y" },
      '$ref: expected a reference within this schema, such as "#/$defs/Name", got "https://x.test/y"'
    ],
    [
      "two types",
      { allOf: [object({ a: text }), object({ a: { type: "number" } })] },
      ": no answer fits: a: type string and type number exclude each other"
    ],
    [
      "closed parts that need each other's properties",
      { allOf: [{ ...object({ a: text }), additionalProperties: false }, object({ b: text }, ["b"])] },
      ': no answer fits: additionalProperties: false of one part excludes "b" of another: write unevaluatedProperties: false beside both instead'
    ],
    [
      "crossed bounds",
      object({ n: { type: "number", minimum: 5, maximum: 1 } }),
      "properties.n: no answer fits: minimum 5 is above maximum 1"
    ],
    [
      "an enum of another type",
      object({ n: { type: "string", enum: [1] } }),
      "properties.n.enum: no answer fits: none of these values has the type and the limits"
    ],
    [
      "a required property that has no value",
      object({ n: false }, ["n"]),
      "properties.n: no answer fits: this property is required, and no value of it is allowed"
    ],
    [
      "no regular expression",
      object({ n: { pattern: "(" } }),
      'properties.n.pattern: expected a regular expression, got "("'
    ],
    [
      "no regular expression for keys",
      { type: "object", patternProperties: { "(": {} } },
      'patternProperties.(: expected a regular expression, got "("'
    ],
    [
      "additional properties of one part that another part contradicts",
      { allOf: [{ additionalProperties: { type: "number" } }, object({ a: text }, ["a"])] },
      ": no answer fits: a: type number and type string exclude each other"
    ],
    [
      "half of a character, in texts and keys",
      object({ "a\ud800": { title: "\udc00b", enum: ["\ud800"] } }),
      "properties.a\ufffd: this key has half of a character (U+D800, a surrogate without its other half): write the whole character",
      "properties.a\ufffd.title: this text has half of a character (U+DC00, a surrogate without its other half): write the whole character",
      "properties.a\ufffd.enum.0: this text has half of a character (U+D800, a surrogate without its other half): write the whole character"
    ],
    [
      "a document of schemas",
      { $defs: { A: text } },
      ": expected which of its schemas the answer has, such as $ref: '#/components/schemas/Name'"
    ],
    [
      "25 optional properties, at the first one too many",
      object(Object.fromEntries(Array.from({ length: 25 }, (_, n) => [`f${n}`, text]))),
      "properties.f24: expected at most 24 optional properties in all of the schema, got 25: list more in required, or split the ask"
    ],
    [
      "17 unions",
      object({
        list: {
          type: "array",
          items: object(
            Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`f${n}`, { type: ["string", "null"] }]))
          )
        }
      }),
      "properties.list.items.properties.f16: expected at most 16 unions (anyOf, or a type with null) in all of the schema, got 17: leave properties out of required instead, or split the ask"
    ],
    [
      "several at once",
      object({ a: { type: "nil" }, b: { propertys: {} } }),
      'properties.a.type: expected a JSON type: string, number, integer, boolean, null, array, object, got "nil"',
      "properties.b.propertys: unknown key"
    ]
  ]
  for (const [what, schema, ...problems] of rows) it(what, () => assert.deepStrictEqual(problemsOf(schema), problems))

  it("not for 24 optional properties and 16 unions", () => {
    const optional = Object.fromEntries(Array.from({ length: 24 }, (_, n) => [`o${n}`, text]))
    const unions = Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`u${n}`, { type: ["string", "null"] }]))
    assert.deepStrictEqual(problemsOf(object({ ...optional, ...unions }, Object.keys(unions))), [])
  })
})

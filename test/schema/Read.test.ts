/** JSON Schema in the dialects that people have it in, and what is sent for it. */
import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { inspect } from "../../src/schema/AnswerFormat.ts"

const text = { type: "string" }
const object = (properties: object, required?: ReadonlyArray<string>) => ({
  type: "object",
  properties,
  ...(required !== undefined && { required })
})
const closed = (properties: object, required?: ReadonlyArray<string>) => ({
  ...object(properties, required),
  additionalProperties: false
})

const sent = (schema: unknown) => {
  const { format, problems } = inspect(schema)
  assert.deepStrictEqual(problems, [])
  return format.schema
}

/** What is sent for the required property `p` of an object. */
const property = (schema: unknown): unknown => {
  const { properties } = sent(object({ p: schema }, ["p"])) as { readonly properties: { readonly p: unknown } }
  return properties.p
}

describe("a JSON Schema is sent", () => {
  const rows: ReadonlyArray<readonly [what: string, schema: unknown, sent: unknown]> = [
    ["an optional property without a union", object({ a: text }), closed({ a: text })],
    [
      "draft-07 definitions",
      { ...object({ a: { $ref: "#/definitions/d" } }), definitions: { d: text } },
      closed({ a: text })
    ],
    [
      "a definition of an object once",
      { ...object({ a: { $ref: "#/$defs/D" }, b: { $ref: "#/$defs/D" } }, ["a"]), $defs: { D: object({ x: text }) } },
      { ...closed({ a: { $ref: "#/$defs/D" }, b: { $ref: "#/$defs/D" } }, ["a"]), $defs: { D: closed({ x: text }) } }
    ],
    [
      "a reference to another property",
      object({ a: object({ x: text }), b: { $ref: "#/properties/a" } }),
      { ...closed({ a: { $ref: "#/$defs/a" }, b: { $ref: "#/$defs/a" } }), $defs: { a: closed({ x: text }) } }
    ],
    ["no property that has no value", object({ a: text, b: { not: {} } }), closed({ a: text })],
    [
      "an escaped pointer",
      { ...object({ x: { $ref: "#/$defs/a~1b%20c" } }), $defs: { "a/b c": text } },
      closed({ x: text })
    ],
    ["an anchor", { ...object({ x: { $ref: "#it" } }), $defs: { a: { $anchor: "it", ...text } } }, closed({ x: text })],
    [
      "a reference by the document's own id",
      { $id: "https://x.test/s", ...object({ x: { $ref: "https://x.test/s#/$defs/a" } }), $defs: { a: text } },
      closed({ x: text })
    ],
    [
      "allOf as one object",
      { allOf: [{ $ref: "#/$defs/A" }, object({ b: text }, ["b"])], $defs: { A: object({ a: text }, ["a"]) } },
      closed({ a: text, b: text }, ["a", "b"])
    ],
    [
      "unevaluatedProperties: false as the end of the merged whole",
      {
        allOf: [{ $ref: "#/$defs/A" }, object({ b: text })],
        unevaluatedProperties: false,
        $defs: { A: object({ a: text }) }
      },
      closed({ a: text, b: text })
    ],
    [
      "unevaluatedProperties: false beside variants",
      {
        ...object({ a: text }),
        oneOf: [object({ b: text }, ["b"]), object({ c: text }, ["c"])],
        unevaluatedProperties: false
      },
      { anyOf: [closed({ a: text, b: text }, ["b"]), closed({ a: text, c: text }, ["c"])] }
    ],
    [
      "what `then` requires, though it is none of the properties",
      {
        ...object({ a: text }),
        ...JSON.parse('{"if":{"required":["a"]},"then":{"properties":{"b":{"type":"string"}},"required":["b"]}}')
      },
      {
        description: '{if: {"if":{"required":["a"]},"then":{"properties":{"b":{"type":"string"}},"required":["b"]}}}',
        ...closed({ a: text, b: text })
      }
    ],
    [
      "closed patterns that another part's property fits",
      {
        allOf: [
          { type: "object", patternProperties: { "^x": { type: "number" } }, additionalProperties: false },
          object({ xa: {} }, ["xa"])
        ]
      },
      {
        description: '{patternProperties: {"^x":{"type":"number"}}, additionalProperties: false}',
        ...closed({ xa: { type: "number" } }, ["xa"])
      }
    ],
    [
      "keywords beside anyOf in each variant",
      { ...object({ a: text, b: text }), anyOf: [{ required: ["a"] }, { required: ["b"] }] },
      { anyOf: [closed({ a: text, b: text }, ["a"]), closed({ a: text, b: text }, ["b"])] }
    ],
    [
      "a discriminator's values in the variants that do not state them",
      {
        oneOf: [{ $ref: "#/components/schemas/Card" }, { $ref: "#/components/schemas/Bill" }],
        discriminator: { propertyName: "kind", mapping: { card: "#/components/schemas/Card" } },
        components: { schemas: { Card: object({ kind: text }), Bill: object({ kind: text }) } }
      },
      {
        anyOf: ["card", "Bill"].map((kind) => closed({ kind: { type: "string", enum: [kind] } }, ["kind"]))
      }
    ],
    [
      "the schema in OpenAI's wrapper",
      { type: "json_schema", json_schema: { name: "x", strict: true, schema: object({}) } },
      closed({})
    ],
    ["the schema in Anthropic's wrapper", { format: { type: "json_schema", schema: object({}) } }, closed({})],
    [
      "a property named like a keyword",
      object({ $ref: text, properties: text, enum: text }),
      closed({ $ref: text, properties: text, enum: text })
    ]
  ]
  for (const [what, schema, expected] of rows) it(what, () => assert.deepStrictEqual(sent(schema), expected))

  const parts: ReadonlyArray<readonly [what: string, schema: unknown, sent: unknown]> = [
    ["OpenAPI's nullable", { ...text, nullable: true }, { anyOf: [text, { type: "null" }] }],
    ["nullable beside a reference", { allOf: [text], nullable: true }, { anyOf: [text, { type: "null" }] }],
    ["nullable with an enum", { ...text, nullable: true, enum: ["a", null] }, { enum: ["a", null] }],
    ["nullable with an enum without null", { ...text, nullable: true, enum: ["a"] }, { enum: ["a", null] }],
    ["a list of types", { type: ["string", "null"] }, { anyOf: [text, { type: "null" }] }],
    ["the null that YAML reads", { type: ["string", null] }, { anyOf: [text, { type: "null" }] }],
    ["null alone", { type: null }, { type: "null" }],
    [
      "a format that the API enforces without its pattern",
      { ...text, format: "uuid", pattern: "^[0-9a-f-]+$" },
      { ...text, format: "uuid" }
    ],
    ["const", { const: "a" }, { type: "string", enum: ["a"] }],
    ["annotations without them", { ...text, deprecated: true, readOnly: true, default: "x", "x-colour": 1 }, text],
    ["int64 as a whole number", { type: "integer", format: "int64" }, { type: "integer" }],
    ["a format that the API enforces", { ...text, format: "date" }, { ...text, format: "date" }],
    ["a format that it does not", { ...text, format: "phone" }, { ...text, description: '{format: "phone"}' }],
    [
      "bounds in the description",
      { type: "integer", description: "Stars", minimum: 1, maximum: 5 },
      { type: "integer", description: "Stars\n\n{minimum: 1, maximum: 5}" }
    ],
    [
      "lengths and patterns",
      { ...text, minLength: 2, pattern: "^a" },
      { ...text, description: '{minLength: 2, pattern: "^a"}' }
    ],
    [
      "an exclusive minimum of OpenAPI 3.0",
      { type: "number", minimum: 0, exclusiveMinimum: true },
      { type: "number", description: "{exclusiveMinimum: 0}" }
    ],
    ["one item at least", { type: "array", items: text, minItems: 1 }, { type: "array", items: text, minItems: 1 }],
    [
      "more items",
      { type: "array", items: text, minItems: 3 },
      { type: "array", items: text, minItems: 1, description: "{minItems: 3}" }
    ],
    [
      "a tuple of any draft as an object",
      { type: "array", items: [text, { type: "number" }], additionalItems: false },
      {
        description: "A list of a fixed form: 0 is its first item",
        ...closed({ "0": text, "1": { type: "number" } }, ["0", "1"])
      }
    ],
    [
      "an object with any keys as a list",
      { type: "object", additionalProperties: { type: "number" } },
      {
        description: "An object: each entry is one of its keys with its value",
        type: "array",
        items: closed({ key: text, value: { type: "number" } }, ["key", "value"])
      }
    ],
    [
      "keys that fit patterns as a list, with the pattern of keys",
      { type: "object", patternProperties: { "^x": { type: "number" } }, additionalProperties: false },
      {
        description:
          'An object: each entry is one of its keys with its value\n\n{patternProperties: {"^x":{"type":"number"}}, additionalProperties: false}',
        type: "array",
        items: closed({ key: text, value: { type: "number" } }, ["key", "value"])
      }
    ],
    ["a variant that no value fits without it", { anyOf: [text, { not: {} }] }, text],
    [
      "listed property names as properties",
      { type: "object", propertyNames: { enum: ["x", "y"] }, additionalProperties: text, required: ["x", "y"] },
      closed({ x: text, y: text }, ["x", "y"])
    ]
  ]
  for (const [what, schema, expected] of parts) it(what, () => assert.deepStrictEqual(property(schema), expected))

  const inputs = "../shared/cases/inputs/08-zod3-openapi.schema.json"
  it.skipIf(!canRead(inputs))("as zod 3 exports it for OpenAPI", () => {
    const { properties } = sent(JSON.parse(readFileSync(inputs, "utf8"))) as { readonly properties: object }
    assert.hasAllKeys(properties, ["shipTo", "billTo", "discount", "status", "pair", "big", "when"])
  })
})

function canRead(file: string): boolean {
  try {
    return readFileSync(file).length > 0
  } catch {
    return false
  }
}

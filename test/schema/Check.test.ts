/** Answers read by their JSON Schema: the form they were sent in is undone, and what the API does not enforce is checked. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { inspect } from "../../src/schema/AnswerFormat.ts"

const decode = (schema: unknown, answer: unknown) => Effect.runSyncExit(inspect(schema).format.decode(answer))
const pair = { type: "array", prefixItems: [{ type: "string" }, { type: "number" }], minItems: 2, maxItems: 2 }
const map = { type: "object", additionalProperties: { type: "number" } }
const either = {
  anyOf: [
    { type: "object", properties: { a: { type: "number" } }, required: ["a"] },
    { type: "object", properties: { a: { type: "number" }, b: { type: "number" } }, required: ["a", "b"] }
  ]
}

describe("an answer is read", () => {
  const rows: ReadonlyArray<readonly [what: string, schema: unknown, answer: unknown, value: unknown]> = [
    ["a tuple from its numbered items", pair, { "0": "x", "1": 2 }, ["x", 2]],
    ["a tuple from a list", pair, ["x", 2], ["x", 2]],
    [
      "further items of a tuple",
      { ...pair, maxItems: 9, items: { type: "boolean" } },
      { "0": "x", "1": 2, rest: [true, false] },
      ["x", 2, true, false]
    ],
    [
      "an object with any keys from its entries",
      map,
      [
        { key: "x", value: 1 },
        { key: "__proto__", value: 2 }
      ],
      Object.fromEntries([
        ["x", 1],
        ["__proto__", 2]
      ])
    ],
    ["an object with any keys from an object", map, { x: 1 }, { x: 1 }],
    ["null for a property that may be left out", { properties: { a: { type: "string" } } }, { a: null }, {}],
    ["without properties that the schema does not have", { properties: { a: {} } }, { a: 1, b: 2 }, { a: 1 }],
    ["the variant that keeps all of its properties", either, { a: 1, b: 2 }, { a: 1, b: 2 }],
    [
      "keys that fit no pattern, where they are allowed",
      { type: "object", patternProperties: { "^x": { type: "number" } } },
      { x: 1, y: "a" },
      { x: 1, y: "a" }
    ],
    [
      "null for `then`, where no schema is about it",
      { properties: { a: { type: "string" } }, ...JSON.parse('{"if":{"required":["a"]},"then":{"required":["b"]}}') },
      { a: null },
      {}
    ],
    ["`not` of another type", { type: "string", not: { required: ["a"], type: "object" } }, "x", "x"],
    ["a number of a decimal step", { type: "number", multipleOf: 0.1 }, 0.3, 0.3],
    [
      "an object of one of two types",
      { type: ["object", "null"], properties: { p: pair } },
      { p: { "0": "x", "1": 1 } },
      { p: ["x", 1] }
    ]
  ]
  for (const [what, schema, answer, value] of rows) {
    it(what, () => assert.deepStrictEqual(decode(schema, answer), Exit.succeed(value)))
  }
})

describe("an answer does not fit", () => {
  const rows: ReadonlyArray<readonly [what: string, schema: unknown, answer: unknown, problem: string]> = [
    ["a type", { properties: { n: { type: "integer" } } }, { n: 1.5 }, "n: expected integer, got 1.5"],
    ["a missing property", { properties: { n: {} }, required: ["n"] }, {}, "n: missing"],
    [
      "a length, in characters",
      { type: "string", maxLength: 1 },
      "😀😀",
      'expected a value with maxLength 1, got "😀😀"'
    ],
    ["a pattern", { type: "string", pattern: "^a" }, "b", 'expected a value with pattern "^a", got "b"'],
    ["a bound", { type: "number", exclusiveMinimum: 0 }, 0, "expected a value with exclusiveMinimum 0, got 0"],
    [
      "a step, of large numbers too",
      { type: "integer", multipleOf: 2 },
      1_000_000_000_001,
      "expected a value with multipleOf 2, got 1000000000001"
    ],
    [
      "a key that fits no pattern",
      { type: "object", patternProperties: { "^x": { type: "number" } }, additionalProperties: false },
      [{ key: "y", value: 1 }],
      'expected a value with additionalProperties false, got {"y":1}'
    ],
    [
      "additional properties of one part",
      {
        allOf: [
          { ...map, patternProperties: { "^x": {} } },
          { type: "object", additionalProperties: { minimum: 3 } }
        ]
      },
      { y: 1 },
      "y: expected a value with minimum 3, got 1"
    ],
    [
      "patterns of two parts that exclude each other's keys",
      {
        allOf: [
          { type: "object", patternProperties: { "^x": {} }, additionalProperties: false },
          { type: "object", patternProperties: { "^y": {} }, additionalProperties: false }
        ]
      },
      { x: 1 },
      'expected a value with additionalProperties false, got {"x":1}'
    ],
    [
      "names that a schema without limits excludes",
      { ...map, propertyNames: { anyOf: [{ const: "a" }, { const: "b" }] } },
      { c: 1 },
      'expected a value with propertyNames {"anyOf":[{"const":"a"},{"const":"b"}]}, got {"c":1}'
    ],
    [
      "a property that only another case of `if` has",
      {
        properties: { a: { type: "string" } },
        ...JSON.parse('{"if":{"required":["a"]},"then":{"properties":{"b":{"type":"string"}}}}'),
        unevaluatedProperties: false
      },
      { b: "x" },
      "b: this key is not allowed"
    ],
    [
      "items that no part speaks of",
      { type: "array", allOf: [{ prefixItems: [{}] }], unevaluatedItems: false },
      [1, 2],
      "expected at most 1 items, got 2"
    ],
    [
      "items beside those that `contains` speaks of",
      { type: "array", contains: { type: "string" }, unevaluatedItems: false },
      ["a", 1],
      "1: expected no value, got 1"
    ],
    [
      "both of const and enum",
      { const: "a", enum: ["b", "a", "c"], not: { const: "a" } },
      "b",
      'expected one of "a", got "b"'
    ],
    [
      "a condition on a property that is null",
      {
        properties: { a: { type: ["string", "null"] }, b: { type: "string" } },
        ...JSON.parse('{"if":{"properties":{"a":{"type":"string"}}},"then":{},"else":{"required":["b"]}}')
      },
      { a: null },
      'expected a value with if {"if":{"properties":{"a":{"type":"string"}}},"then":{},"else":{"required":["b"]}…, got {"a":null}'
    ],
    [
      "unique items",
      { type: "array", uniqueItems: true },
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 }
      ],
      'expected a value with uniqueItems true, got [{"a":1,"b":2},{"b":2,"a":1}]'
    ],
    ["items", { type: "array", items: { type: "string" } }, ["a", 1], "1: expected string, got 1"],
    ["an enum", { enum: ["a", null] }, "b", 'expected one of "a", null, got "b"'],
    ["not", { type: "string", not: { enum: ["x"] } }, "x", 'expected a value with not {"enum":["x"]}, got "x"'],
    [
      "contains",
      { type: "array", contains: { type: "number" } },
      ["x"],
      'expected a value with contains {"type":"number"}, got ["x"]'
    ],
    [
      "if",
      {
        properties: { a: { type: "string" }, b: { type: "string" } },
        ...JSON.parse('{"if":{"required":["a"]},"then":{"required":["b"]}}')
      },
      { a: "x" },
      'expected a value with if {"if":{"required":["a"]},"then":{"required":["b"]}}, got {"a":"x"}'
    ],
    [
      "names",
      { ...map, propertyNames: { pattern: "^x" } },
      { y: 1 },
      'expected a value with propertyNames {"pattern":"^x"}, got {"y":1}'
    ],
    [
      "a tuple that is too short",
      pair,
      { "0": "x" },
      'expected 2 items, got 1\nexpected a value with minItems 2, got ["x"]'
    ],
    [
      "two values of one key",
      map,
      [
        { key: "x", value: 1 },
        { key: "x", value: 2 }
      ],
      "x: this key stands here twice, with two values"
    ],
    ["every variant, by the problems of the nearest", either, { a: "x" }, 'a: expected number, got "x"']
  ]
  for (const [what, schema, answer, problem] of rows) {
    it(what, () => assert.deepStrictEqual(decode(schema, answer), Exit.fail(problem)))
  }
})

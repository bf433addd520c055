/** Answers as fanfold checks them, and as ajv does: both must take the same values of the same schema. */
import { Ajv2020 } from "ajv/dist/2020.js"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import * as fc from "fast-check"
import { inspect } from "../../src/schema/AnswerFormat.ts"
import { check } from "../../src/schema/Check.ts"
import { read } from "../../src/schema/Read.ts"
import { schemasAndValues } from "./AnySchema.ts"

const ajv = new Ajv2020({
  strict: false,
  validateFormats: false,
  logger: false,
  unicodeRegExp: true,
  allowUnionTypes: true
})

/** `oneOf` is read as `anyOf`. */
const withoutOneOf = (part: unknown): unknown => {
  if (Array.isArray(part)) return part.map(withoutOneOf)
  if (typeof part !== "object" || part === null) return part
  const entries = Object.entries(part).map(([key, value]) => [key, withoutOneOf(value)] as const)
  const { oneOf, ...others } = Object.fromEntries(entries) as Record<string, unknown>
  return oneOf === undefined || !Array.isArray(oneOf)
    ? { ...others, ...(oneOf !== undefined && { oneOf }) }
    : { ...others, allOf: [...((others["allOf"] as Array<unknown>) ?? []), { anyOf: oneOf }] }
}

/** Keywords that ajv 8 reads in another way than the specification, where they stand together, or at all of an empty list. */
const isBeyondAjv = [
  ["contains", "unevaluatedItems"],
  ["contains", "prefixItems"],
  ["if", "unevaluatedItems"],
  ["dependentSchemas", "unevaluatedProperties"]
]

const hasEmptyContains = (schema: string, value: unknown) =>
  schema.includes('"contains"') && JSON.stringify(value).includes("[]")

const leavesOut = (schema: string) => /"(?:anyOf|oneOf)"/.test(schema) && schema.includes('"minProperties"')

describe("an answer", () => {
  it("is taken where ajv takes it, and refused where ajv does", () => {
    let compared = 0
    const property = fc.property(schemasAndValues, ([schema, values]) => {
      const { format, problems } = inspect(schema)
      const text = JSON.stringify(schema)
      if (isBeyondAjv.some((words) => words.every((word) => text.includes(`"${word}"`)))) return
      if (problems.length > 0) return
      const fits = ajv.compile(withoutOneOf(schema) as object)
      const { node } = read(schema)
      for (const value of values) {
        const result = Effect.runSyncExit(format.decode(value))
        const shown = () => `${JSON.stringify(schema)} of ${JSON.stringify(value)}: ${JSON.stringify(result)}`
        if (Exit.isSuccess(result)) assert(fits(result.value), `taken, and ajv does not: ${shown()}`)
        // What a variant leaves out of an answer may be what made it fit.
        else if (leavesOut(text) || JSON.stringify(check(node, value).value) !== JSON.stringify(value)) continue
        else assert(!fits(value) || hasEmptyContains(text, value), `refused, and ajv takes it: ${shown()}`)
        compared += Exit.isSuccess(result) ? 1 : 0
      }
    })
    fc.assert(property, { numRuns: 600, seed: 1 })
    assert.isAbove(compared, 500)
  })
})

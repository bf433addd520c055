/** Reads the bounds, lengths, counts and patterns of a schema. */
import { matches } from "./PatternMatch.ts"
import { type JsonObject, type Limit, type Path, shown } from "./AnswerNode.ts"
import type { Reporter } from "./Conditions.ts"
import { countKeywords, limitOf, numericKeywords } from "./Limits.ts"
import { compile } from "./Pattern.ts"

/** The limits of a schema that are about one value: bounds, lengths, counts, patterns. */
export const limitsOf = (reader: Reporter, schema: JsonObject, path: Path): ReadonlyArray<Limit> => {
  const limits: Array<Limit> = []
  for (const [keyword, stated] of Object.entries(schema)) {
    if (stated === undefined) continue
    const at = [...path, keyword]
    if (keyword === "pattern") {
      limits.push(...patternOf(reader, stated, at))
    } else if (keyword === "uniqueItems") {
      if (stated === true) limits.push(limitOf(keyword, true)!)
      else if (stated !== false) reader.problem(at, `expected true or false, got ${shown(stated)}`)
    } else if (countKeywords.has(keyword)) {
      if (Number.isInteger(stated) && Number(stated) >= 0) limits.push(limitOf(keyword, stated)!)
      else reader.problem(at, `expected a whole number, got ${shown(stated)}`)
    } else if (numericKeywords.has(keyword)) {
      limits.push(...boundOf(reader, schema, keyword, at))
    }
  }
  if (schema.nullable !== undefined && typeof schema.nullable !== "boolean") {
    reader.problem([...path, "nullable"], `expected true or false, got ${shown(schema.nullable)}`)
  }
  return limits
}

const patternOf = (reader: Reporter, stated: unknown, path: Path): ReadonlyArray<Limit> => {
  const compiled =
    typeof stated === "string" ? compile(stated) : { problem: `expected a regular expression, got ${shown(stated)}` }
  if ("problem" in compiled) {
    reader.problem(path, compiled.problem)
    return []
  }
  const test = (value: unknown) => typeof value !== "string" || matches(compiled.expression, value)
  return [{ keyword: "pattern", value: stated, test }]
}

/** A bound of a number. In OpenAPI 3.0 and draft-04 `exclusiveMinimum: true` makes `minimum` exclusive. */
const boundOf = (reader: Reporter, schema: JsonObject, keyword: string, path: Path): ReadonlyArray<Limit> => {
  const stated = schema[keyword]
  const exclusive = keyword === "minimum" ? "exclusiveMinimum" : keyword === "maximum" ? "exclusiveMaximum" : undefined
  if (exclusive !== undefined && schema[exclusive] === true) return []
  const inclusive = keyword === "exclusiveMinimum" ? "minimum" : keyword === "exclusiveMaximum" ? "maximum" : undefined
  if (inclusive !== undefined && typeof stated === "boolean") {
    const bound = schema[inclusive]
    if (!stated) return []
    if (typeof bound === "number") {
      reader.notice(path, `read as in OpenAPI 3.0: ${keyword} is the number ${bound}`)
      return [limitOf(keyword, bound)!]
    }
  }
  const isUsable = typeof stated === "number" && Number.isFinite(stated) && (keyword !== "multipleOf" || stated > 0)
  if (isUsable) return [limitOf(keyword, stated)!]
  reader.problem(path, `expected a number${keyword === "multipleOf" ? " above 0" : ""}, got ${shown(stated)}`)
  return []
}

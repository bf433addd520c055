/** A schema of an answer after its dialect, references and `allOf` are resolved, and the tests of values that it states. */

export const typeNames = ["string", "number", "integer", "boolean", "null", "array", "object"] as const
export type TypeName = (typeof typeNames)[number]

/** Leads to a value from the root of a document. */
export type Path = ReadonlyArray<string | number>

/** A problem of a schema or of a value, and where it is. */
export interface Problem {
  readonly path: Path
  readonly message: string
}

/** A limit that structured output cannot enforce: its keyword and value for the description, and the test of a value. */
export interface Limit {
  readonly keyword: string
  readonly value: unknown
  readonly test: (value: unknown) => boolean
}

/**
 * One schema. With `variants` a value fits one of them, and only `title`, `description` and `limits` apply beside. A schema that is
 * referred to from several places is one object, so nodes form a graph without cycles.
 */
export interface AnswerNode {
  readonly path: Path
  /** The name of the property or definition that it is, for `$defs`. */
  readonly name?: string | undefined
  /** `undefined` where no type is stated. */
  readonly types?: ReadonlyArray<TypeName> | undefined
  /** Values of `enum` or `const`, none of them an object or a list. */
  readonly choices?: ReadonlyArray<unknown> | undefined
  readonly properties?: ReadonlyMap<string, AnswerNode> | undefined
  readonly required: ReadonlyArray<string>
  /** Set of a property that only `then` or the like knows: whether a value fits it depends on the whole answer. */
  readonly isConditional?: boolean | undefined
  /** `patternProperties`: what keys that fit an expression are. */
  readonly patterns?: ReadonlyArray<KeyPattern> | undefined
  /** `additionalProperties`: what other keys are. */
  readonly rest?: AnswerNode | boolean | undefined
  readonly items?: AnswerNode | undefined
  /** The first items, of a tuple. */
  readonly prefix?: ReadonlyArray<AnswerNode> | undefined
  /** False where a tuple has no items after its prefix. */
  readonly hasMore?: boolean | undefined
  readonly variants?: ReadonlyArray<AnswerNode> | undefined
  readonly limits: ReadonlyArray<Limit>
  readonly format?: string | undefined
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly examples?: ReadonlyArray<unknown> | undefined
}

export interface KeyPattern {
  readonly expression: RegExp
  readonly node: AnswerNode
}

/** A schema that every value fits. */
export const anything = (path: Path): AnswerNode => ({ path, required: [], limits: [] })

export type JsonObject = { readonly [key: string]: unknown }

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

export const isList = (value: unknown): value is ReadonlyArray<unknown> => Array.isArray(value)

/** A value as messages show it: its JSON, or its text where it has none. */
export const shown = (value: unknown): string => JSON.stringify(value) ?? String(value)

/** The same of an answer, which may be long. */
export const shownShort = (value: unknown): string => {
  const text = shown(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

/** JSON with sorted keys: equal for equal values. */
export const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    isObject(part) ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1))) : part
  ) ?? "undefined"

/** The JSON type of a value; a whole number is an `integer`. */
export const typeOf = (value: unknown): TypeName => {
  if (value === null) return "null"
  if (isList(value)) return "array"
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number"
  return typeof value === "object" ? "object" : (typeof value as "string" | "boolean")
}

/** Whether a value of type `actual` has one of the types. */
export const hasType = (types: ReadonlyArray<TypeName>, actual: TypeName): boolean =>
  types.includes(actual) || (actual === "integer" && types.includes("number"))

const typesByKeyword: Readonly<Record<string, TypeName>> = {
  minLength: "string",
  maxLength: "string",
  pattern: "string",
  minimum: "number",
  maximum: "number",
  exclusiveMinimum: "number",
  exclusiveMaximum: "number",
  multipleOf: "number",
  minItems: "array",
  maxItems: "array",
  uniqueItems: "array",
  contains: "array",
  minProperties: "object",
  maxProperties: "object",
  propertyNames: "object",
  patternProperties: "object",
  additionalProperties: "object",
  unevaluatedProperties: "object",
  dependentRequired: "object"
}

/** The types of a node: stated, or else those that its keywords are about; `undefined` where it has none. */
export const typesOf = (node: AnswerNode): ReadonlyArray<TypeName> | undefined => {
  if (node.types !== undefined) return node.types
  if (node.choices !== undefined) return [...new Set(node.choices.map(typeOf))]
  if (node.properties !== undefined || node.required.length > 0 || node.rest !== undefined) return ["object"]
  if (node.items !== undefined || node.prefix !== undefined) return ["array"]
  const types = node.limits.flatMap(({ keyword }) => typesByKeyword[keyword] ?? [])
  if (types.length > 0) return [...new Set(types)]
  return node.format === undefined ? undefined : ["string"]
}

/** Whether an object may have keys that its schema does not name: it is sent as a list of `{ key, value }`. */
export const isEntries = (node: AnswerNode): boolean =>
  node.properties === undefined &&
  (node.rest !== false || node.patterns !== undefined) &&
  typesOf(node)?.includes("object") === true

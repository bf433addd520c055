/** The keywords of JSON Schema, draft-04 to 2020-12, and of OpenAPI 3.0 and 3.1. */
import { countKeywords, numericKeywords } from "./Limits.ts"

const words = (text: string): ReadonlyArray<string> => text.split(" ")

/** Keywords that say something about values to readers, and nothing about which values fit. */
const annotations = [
  "$schema $id id $anchor $comment $vocabulary $dynamicAnchor $recursiveAnchor",
  "title description default example examples deprecated readOnly writeOnly externalDocs xml",
  "contentEncoding contentMediaType contentSchema markdownDescription enumNames enumDescriptions"
].flatMap(words)

/** Keywords that hold other schemas until a reference leads to them. */
const holders = ["$defs", "definitions"]

/** Keys of an OpenAPI document, in which an answer may be named by a reference. */
const openApi = words("openapi swagger info servers paths webhooks components security tags jsonSchemaDialect")

const constraints = [
  ...words("$ref type nullable enum const format pattern allOf anyOf oneOf discriminator"),
  ...words("properties required additionalProperties patternProperties propertyNames unevaluatedProperties"),
  ...words("items prefixItems additionalItems unevaluatedItems contains minContains maxContains uniqueItems"),
  ...words("not if then else dependencies dependentRequired dependentSchemas"),
  ...numericKeywords,
  ...countKeywords
]

const known = new Set([...annotations, ...holders, ...constraints])
const knownAtRoot = new Set(openApi)

/** Whether a keyword is one, or an extension, which begins with `x-`. */
export const isKeyword = (key: string, isRoot: boolean): boolean =>
  known.has(key) || key.startsWith("x-") || (isRoot && knownAtRoot.has(key))

/** Keywords for editors, by what their value is. */
export const names = { annotations, holders, openApi, constraints }

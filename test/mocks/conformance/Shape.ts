/** Compares the keys and types of two JSON values, not their contents. */
import { listOf, objectOf, type UncheckedJson } from "../../../mocks/wire/UncheckedJson.ts"

/** Fields that the API added after some recordings were made; the mock has them, an old recording may not. */
const newer = new Set(
  `stop_details inference_geo output_tokens_details cache_creation service_tier caller cache_creation_input_tokens
  cache_read_input_tokens input_tokens server_tool_use web_fetch_requests request_id signature`.split(/\s+/)
)
/** Fields whose content is chosen by the model or the client, and not compared. */
const free = new Set(["input", "text", "thinking"])

const typeOf = (value: unknown): string => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value)

/** Lists the differences between `mock` and `recorded`. Null equals any type. Of arrays, the first item of each type is compared. */
export const differences = (recorded: unknown, mock: unknown, path = "$"): ReadonlyArray<string> => {
  if (recorded === null || mock === null) return []
  if (typeOf(recorded) !== typeOf(mock)) return [`${path}: ${typeOf(mock)} instead of ${typeOf(recorded)}`]
  if (Array.isArray(recorded)) return itemDifferences(recorded, listOf(mock), path)
  const recordedFields = objectOf(recorded)
  const mockFields = objectOf(mock)
  if (recordedFields === undefined || mockFields === undefined) return []
  return [
    ...Object.keys(recordedFields).flatMap((key) =>
      key in mockFields
        ? free.has(key)
          ? []
          : differences(recordedFields[key], mockFields[key], `${path}.${key}`)
        : [`${path}.${key} is missing`]
    ),
    ...Object.keys(mockFields)
      .filter((key) => !(key in recordedFields) && !newer.has(key))
      .map((key) => `${path}.${key} is not recorded`)
  ]
}

/** Gives the type of an item; for a stream event, with that of its block or delta. */
const kindOf = (item: unknown): string => {
  const object = objectOf(item)
  const inside = objectOf(object?.["content_block"]) ?? objectOf(object?.["delta"])
  return [object?.["type"] ?? typeOf(item), inside?.["type"]].filter((part) => typeof part === "string").join(":")
}

const first = (items: ReadonlyArray<unknown>): Map<string, unknown> =>
  new Map(items.toReversed().map((item) => [kindOf(item), item]))

const itemDifferences = (
  recorded: ReadonlyArray<unknown>,
  mock: ReadonlyArray<unknown>,
  path: string
): ReadonlyArray<string> => {
  const mockItems = first(mock)
  return [...first(recorded)].flatMap(([kind, item]) =>
    mockItems.has(kind)
      ? differences(item, mockItems.get(kind), `${path}[${kind}]`)
      : [`${path}[${kind}] does not occur`]
  )
}

/** Writes the order of events as a line. Consecutive equal events are one word; pings are omitted, as their number varies. */
export const order = (events: ReadonlyArray<{ readonly name: string; readonly data: UncheckedJson }>): string => {
  const words = events
    .filter((event) => event.name !== "ping")
    .map(({ data, name }) => {
      const kind = objectOf(data["content_block"])?.["type"] ?? objectOf(data["delta"])?.["type"]
      return typeof kind === "string" ? `${name}:${kind}` : name
    })
  return words.filter((word, index) => word !== words[index - 1]).join(" ")
}

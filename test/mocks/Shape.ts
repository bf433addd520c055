/** Compares the shape of two JSON values: keys and types, never contents. */
import { listOf, objectOf, type UncheckedJson } from "../../mocks/wire/UncheckedJson.ts"

/** Fields that came to the API after some of the recordings were made; the mock has them, an old recording may not. */
const newer = new Set(
  `stop_details inference_geo output_tokens_details cache_creation service_tier caller cache_creation_input_tokens
  cache_read_input_tokens input_tokens server_tool_use web_fetch_requests request_id signature`.split(/\s+/)
)
/** Values whose inside the model or the client makes up. */
const free = new Set(["input", "text", "thinking"])

const typeOf = (value: unknown): string => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value)

/** Lists how `mock` differs from `recorded`; null stands for any type. Arrays are compared item type by item type. */
export const differences = (recorded: unknown, mock: unknown, path = "$"): ReadonlyArray<string> => {
  if (recorded === null || mock === null) return []
  if (typeOf(recorded) !== typeOf(mock)) return [`${path}: ${typeOf(mock)} instead of ${typeOf(recorded)}`]
  if (Array.isArray(recorded)) return itemDifferences(recorded, listOf(mock), path)
  const theirs = objectOf(recorded)
  const ours = objectOf(mock)
  if (theirs === undefined || ours === undefined) return []
  return [
    ...Object.keys(theirs).flatMap((key) =>
      key in ours
        ? free.has(key)
          ? []
          : differences(theirs[key], ours[key], `${path}.${key}`)
        : [`${path}.${key} is missing`]
    ),
    ...Object.keys(ours)
      .filter((key) => !(key in theirs) && !newer.has(key))
      .map((key) => `${path}.${key} is not recorded`)
  ]
}

/** An item's type; of a stream event also that of its block or delta. */
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
  const ours = first(mock)
  return [...first(recorded)].flatMap(([kind, item]) =>
    ours.has(kind) ? differences(item, ours.get(kind), `${path}[${kind}]`) : [`${path}[${kind}] does not occur`]
  )
}

/** Names the order of block types, such as `thinking text`. */
export const kinds = (content: unknown): string => listOf(content).map(kindOf).join(" ")

/** Writes a stream as a line: runs of deltas are one word, pings are left out as their number varies. */
export const order = (events: ReadonlyArray<{ readonly name: string; readonly data: UncheckedJson }>): string => {
  const words = events
    .filter((event) => event.name !== "ping")
    .map(({ data, name }) => {
      const kind = objectOf(data["content_block"])?.["type"] ?? objectOf(data["delta"])?.["type"]
      return typeof kind === "string" ? `${name}:${kind}` : name
    })
  return words.filter((word, index) => word !== words[index - 1]).join(" ")
}

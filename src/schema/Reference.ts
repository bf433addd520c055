/** Resolves a `$ref` within its document: JSON Pointers, anchors, and the document's own `$id`. */
import { Result } from "effect"
import { isList, isObject, type JsonObject, type Path } from "./AnswerNode.ts"

export interface Target {
  readonly value: unknown
  readonly path: Path
}

/** A document, and the schema in it, which are two where the schema stands in a wrapper. */
export interface Documents {
  readonly root: JsonObject
  readonly schema: Target
}

/** The target of a reference; `undefined` where the document has none, as of a reference to another document. */
export const resolve = ({ root, schema }: Documents, reference: string): Target | undefined => {
  const id = isObject(schema.value) ? (schema.value.$id ?? schema.value.id) : undefined
  const local = typeof id === "string" && id !== "" && reference.startsWith(id) ? reference.slice(id.length) : reference
  if (local === "" || local === "#") return schema
  if (!local.startsWith("#")) return undefined
  const fragment = decoded(local.slice(1))
  if (!fragment.startsWith("/")) return anchored(schema, fragment)
  const parts = fragment
    .slice(1)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
  return follow(schema, parts) ?? follow({ value: root, path: [] }, parts)
}

const decoded = (text: string): string =>
  Result.getOrElse(
    Result.try(() => decodeURIComponent(text)),
    () => text
  )

const follow = (from: Target, parts: ReadonlyArray<string>): Target | undefined => {
  let { value }: Target = from
  const path = [...from.path]
  for (const part of parts) {
    if (isList(value) && /^\d+$/.test(part) && Number(part) < value.length) {
      path.push(Number(part))
      value = value[Number(part)]
    } else if (isObject(value) && Object.hasOwn(value, part)) {
      path.push(part)
      value = value[part]
    } else {
      return undefined
    }
  }
  return { value, path }
}

/** The schema with this `$anchor`, or with the `$id` `#name`, as draft-07 writes anchors. */
const anchored = (from: Target, name: string): Target | undefined => {
  const seen = new Set<unknown>()
  const search = ({ path, value }: Target): Target | undefined => {
    if ((!isObject(value) && !isList(value)) || seen.has(value)) return undefined
    seen.add(value)
    if (isObject(value) && (value.$anchor === name || value.$id === `#${name}`)) return { value, path }
    for (const [key, part] of isList(value) ? value.entries() : Object.entries(value)) {
      const found = search({ value: part, path: [...path, key] })
      if (found !== undefined) return found
    }
    return undefined
  }
  return search(from)
}

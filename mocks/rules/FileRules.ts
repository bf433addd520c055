/** The files that a request names by id: the API knows those that were uploaded, which the mock takes from its scenario. */
import { listOf, objectOf, textOf, type UncheckedJson } from "../wire/UncheckedJson.ts"

/** The id that a block names itself, or as its source; a result of a tool has blocks of its own. */
const idsOf = (item: unknown): ReadonlyArray<string> => {
  const block = objectOf(item)
  if (block === undefined) return []
  if (block["type"] === "container_upload") return [textOf(block["file_id"])]
  if (block["type"] === "tool_result") return listOf(block["content"]).flatMap(idsOf)
  const source = objectOf(block["source"])
  return source?.["type"] === "file" ? [textOf(source["file_id"])] : []
}

/** The first id of a body that is not known; `undefined` where there is none. */
export const unknownId = (body: UncheckedJson, known: ReadonlySet<string>): string | undefined => {
  for (const turn of listOf(body["messages"])) {
    for (const block of listOf(objectOf(turn)?.["content"])) {
      const unknown = idsOf(block).find((id) => !known.has(id))
      if (unknown !== undefined) return unknown
    }
  }
  return undefined
}

/** Which requests a tape takes for the same: those that ask the same, wherever they are sent and however they are delivered. */
import { objectOf, type UncheckedJson } from "../wire/UncheckedJson.ts"
import * as Secrets from "./Secrets.ts"
import type { Line } from "./Tape.ts"

/** The path and query of a request, from the version of the API on: a proxy may have paths of its own before it. */
export const pathOf = (path: string): string => {
  const url = new URL(path, "http://tape")
  const versionAt = Math.max(0, url.pathname.lastIndexOf("/v1/"))
  return `${url.pathname.slice(versionAt)}${Secrets.publicQuery(url.searchParams)}`
}

/** What a tape keeps of a request. */
export const requestOf = (
  { method, text, url }: { readonly method: string; readonly text: string; readonly url: URL },
  secrets: ReadonlyArray<string>
): Line["request"] => ({
  method,
  path: Secrets.redacted(pathOf(`${url.pathname}${url.search}`), secrets),
  body: Secrets.recordedBody(text, secrets)
})

const canonical = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(canonical)
  const object = objectOf(value)
  return object === undefined
    ? value
    : Object.fromEntries(
        Object.entries(object)
          .toSorted(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, item]) => [key, canonical(item)])
      )
}

/** Parses a body as JSON with sorted keys; a body that is not JSON stays text. */
export const parsed = (body: string): unknown => {
  try {
    return canonical(JSON.parse(body))
  } catch {
    return body
  }
}

/** A text, which may stand for a list of one text block, or a list of blocks; any other value stays as it is. */
const contentOf = (content: unknown): unknown => {
  if (typeof content === "string") return [{ text: content, type: "text" }]
  return Array.isArray(content) ? content.map(blockOf) : content
}

/** A block without its breakpoint of the prompt cache. The input of a tool may have a field of that name, and stays whole. */
const blockOf = (value: unknown): unknown => {
  const object = objectOf(value)
  if (object === undefined) return value
  const { cache_control: _mark, ...block } = object
  const source = objectOf(block["source"])
  return {
    ...block,
    ...("content" in block && { content: contentOf(block["content"]) }),
    ...(source?.["type"] === "content" && { source: { ...source, content: contentOf(source["content"]) } })
  }
}

/** A tool without its breakpoint; its schema may have a property of that name. */
const toolOf = (value: unknown): unknown => {
  const object = objectOf(value)
  if (object === undefined) return value
  const { cache_control: _mark, ...tool } = object
  return tool
}

const turnOf = (value: unknown): unknown => {
  const turn = objectOf(value)
  return turn === undefined ? value : { ...turn, content: contentOf(turn["content"]) }
}

const mapList = (value: unknown, change: (item: unknown) => unknown): unknown =>
  Array.isArray(value) ? value.map(change) : value

/** A Messages request without what changes how its reply is delivered or paid, and not what it answers. */
const askOf = (request: UncheckedJson): UncheckedJson => {
  const { cache_control: _mark, fallbacks: _paid, stream: _form, ...question } = request
  return {
    ...question,
    ...("system" in question && { system: contentOf(question["system"]) }),
    ...("messages" in question && { messages: mapList(question["messages"], turnOf) }),
    ...("tools" in question && { tools: mapList(question["tools"], toolOf) })
  }
}

/** The body without what is delivery, and with every text of a prompt as a block. */
export const questionOf = (body: string): unknown => {
  const json = parsed(body)
  const object = objectOf(json)
  return object === undefined ? json : Secrets.mapRequests(object, askOf)
}

/**
 * Gives the identity of a request: method, path and body, independent of the order of JSON keys and of delivery, so that a run
 * that was recorded on a terminal, where answers are streamed, plays on a pipe too.
 */
export const identityOf = ({ body, method, path }: Line["request"]): string =>
  `${method} ${pathOf(path)} ${JSON.stringify(questionOf(Secrets.recordedBody(body, [])))}`

/** The endpoints of message batches: create, list, retrieve, cancel, delete, and read the results. */
import * as ApiError from "../wire/ApiError.ts"
import * as Batch from "./Batch.ts"
import type { Exchange, Rules } from "./Exchange.ts"
import * as Headers from "../wire/Headers.ts"
import type { Fields } from "../wire/Message.ts"
import { page } from "./ModelList.ts"
import * as Outgoing from "../wire/Outgoing.ts"
import { objectsOf, type UncheckedJson } from "../wire/UncheckedJson.ts"

const maxItems = 100_000
const customId = /^[a-zA-Z0-9_-]{1,64}$/

/** The batches of one mock. */
export interface Batches {
  /** Answers a request to `/v1/messages/batches` followed by `path`, whose method the router has checked. */
  readonly answer: (exchange: Exchange, path: string) => Outgoing.Outgoing
}

const reply = (exchange: Exchange, body: Fields): Outgoing.Outgoing => {
  const millis = exchange.times(0).firstTokenMillis * 0.2
  // For a batch in progress the API recommends a polling interval.
  const polling = body["processing_status"] === "in_progress" ? { "retry-after": "10" } : {}
  return Outgoing.json(200, { ...exchange.headersAfter(millis), ...polling }, body, exchange.at(millis))
}

const problemOf = (requests: ReadonlyArray<UncheckedJson>): string | undefined => {
  const ids = requests.map((request) => request["custom_id"])
  const invalid = ids.findIndex((id) => typeof id !== "string" || !customId.test(id))
  if (requests.length === 0) return "requests: at least one request is required"
  if (requests.length > maxItems) return `requests: at most ${maxItems} requests may be sent in a batch`
  if (invalid >= 0) return `requests.${invalid}.custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'`
  return new Set(ids).size < ids.length ? "requests: custom_id must be unique" : undefined
}

/** Makes the endpoints of a mock that has no batches yet. */
export const make = (rules: Rules): Batches => {
  /** Newest first, as the API lists them. */
  const all: Array<Batch.Batch> = []
  const isEnded = (batch: Batch.Batch): boolean => rules.clock.now() >= Batch.endsAt(rules, batch)
  const describe = (batch: Batch.Batch, exchange: Exchange): ReturnType<typeof Batch.describe> =>
    Batch.describe(rules, batch, exchange.incoming.url.origin)

  const create = (exchange: Exchange): Outgoing.Outgoing => {
    const { requests: given } = exchange.prompt.body
    if (!Array.isArray(given)) {
      const words = given === undefined ? "Field required" : "Input should be a valid list"
      return exchange.reject(ApiError.invalid(`requests: ${words}`))
    }
    const requests = objectsOf(given)
    const problem = problemOf(requests)
    if (problem !== undefined) return exchange.reject(ApiError.invalid(problem))
    const batch = Batch.make(rules, exchange, requests)
    all.unshift(batch)
    return reply(exchange, describe(batch, exchange))
  }

  const list = (exchange: Exchange): Outgoing.Outgoing => {
    const items = all.map((batch) => describe(batch, exchange))
    return reply(exchange, page(items, exchange.incoming.url.searchParams))
  }

  const cancel = (batch: Batch.Batch, exchange: Exchange): Outgoing.Outgoing => {
    if (isEnded(batch)) return exchange.reject(ApiError.invalid("Batch has already ended."))
    batch.canceledAt ??= rules.clock.now()
    return reply(exchange, describe(batch, exchange))
  }

  const results = (batch: Batch.Batch, exchange: Exchange): Outgoing.Outgoing => {
    if (!isEnded(batch)) {
      return exchange.reject(
        ApiError.notFound("Batch has no available results. Results are available once it has ended.")
      )
    }
    const millis = exchange.times(0).firstTokenMillis * 0.3
    const atMillis = exchange.at(millis)
    return {
      status: 200,
      headers: { ...exchange.headersAfter(millis), ...Headers.jsonLines(`${batch.id}_results.jsonl`) },
      headersAtMillis: atMillis,
      chunks: [{ text: Batch.resultLines(rules, batch), atMillis }],
      ending: "close"
    }
  }

  const remove = (batch: Batch.Batch, exchange: Exchange): Outgoing.Outgoing => {
    if (!isEnded(batch)) return exchange.reject(ApiError.invalid("A batch must have ended before it is deleted."))
    all.splice(all.indexOf(batch), 1)
    return reply(exchange, { id: batch.id, type: "message_batch_deleted" })
  }

  return {
    answer: (exchange, path) => {
      const { method } = exchange.incoming
      if (path === "") return method === "POST" ? create(exchange) : list(exchange)
      const [, id, verb] = path.split("/")
      const batch = all.find((one) => one.id === id)
      if (batch === undefined) return exchange.reject(ApiError.notFound(`Message batch ${id ?? ""} not found`))
      if (verb === "cancel") return cancel(batch, exchange)
      if (verb === "results") return results(batch, exchange)
      return method === "DELETE" ? remove(batch, exchange) : reply(exchange, describe(batch, exchange))
    }
  }
}

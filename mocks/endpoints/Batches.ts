/** The endpoints of message batches: create, list, retrieve, cancel, delete, and read the results. */
import * as ApiError from "../wire/ApiError.ts"
import * as Batch from "./Batch.ts"
import * as BatchItem from "./BatchItem.ts"
import type { Exchange, Rules } from "./Exchange.ts"
import * as Headers from "../wire/Headers.ts"
import type { Fields } from "../wire/Message.ts"
import { page } from "./ModelList.ts"
import * as Outgoing from "../wire/Outgoing.ts"
import { objectOf, objectsOf } from "../wire/UncheckedJson.ts"

const maxItems = 100_000
const customId = /^[a-zA-Z0-9_-]{1,64}$/

/** Answers a request about one batch. */
type Answer = (exchange: Exchange, id: string) => Outgoing.Outgoing

/** The batches of one mock. */
export interface Batches {
  readonly create: (exchange: Exchange) => Outgoing.Outgoing
  readonly list: (exchange: Exchange) => Outgoing.Outgoing
  readonly retrieve: Answer
  readonly cancel: Answer
  readonly results: Answer
  readonly remove: Answer
  /** Processes the requests that are done by now. */
  readonly settle: () => void
}

/** The polling interval that the API recommends for a batch in progress, in simulated seconds. */
const pollingSeconds = 10

const problemOf = (given: unknown): string | undefined => {
  if (given === undefined) return "requests: Field required"
  if (!Array.isArray(given)) return "requests: Input should be a valid list"
  if (given.length === 0) return "requests: at least one request is required"
  if (given.length > maxItems) return `requests: at most ${maxItems} requests may be sent in a batch`
  const ids = new Set<string>()
  for (const [index, value] of given.entries()) {
    const request = objectOf(value)
    const id = request?.["custom_id"]
    if (request === undefined) return `requests.${index}: Input should be an object`
    if (typeof id !== "string" || !customId.test(id)) {
      return `requests.${index}.custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'`
    }
    if (ids.has(id)) return "requests: custom_id must be unique"
    if (objectOf(request["params"]) === undefined) return `requests.${index}.params: Field required`
    ids.add(id)
  }
  return undefined
}

/** Makes the endpoints of a mock that has no batches yet. */
export const make = (rules: Rules): Batches => {
  /** Newest first, as the API lists them. */
  const all: Array<Batch.Batch> = []
  const makeItem = BatchItem.maker(rules)

  const reply = (exchange: Exchange, body: Fields): Outgoing.Outgoing => {
    const millis = exchange.times(0).firstTokenMillis * 0.2
    const seconds = Math.max(1, Math.ceil(pollingSeconds * rules.timeScale))
    const polling = body["processing_status"] === "in_progress" ? { "retry-after": String(seconds) } : {}
    return Outgoing.json(200, { ...exchange.headersAfter(millis), ...polling }, body, exchange.at(millis))
  }

  const describe = (batch: Batch.Batch, exchange: Exchange, now = rules.clock.now()) =>
    Batch.describe(rules, batch, exchange.incoming.url.origin, now)

  /** Requests of different batches are processed in the order of their times, as they share a cache. */
  const settle = (): void => {
    const now = rules.clock.now()
    all
      .flatMap((batch) => Batch.takeDone(rules, batch, now).map((item) => ({ batch, item })))
      .toSorted((a, b) => a.item.doneAt - b.item.doneAt)
      .forEach(({ batch, item }) => BatchItem.process(rules, batch, item))
  }

  const aboutOne =
    (answer: (batch: Batch.Batch, exchange: Exchange) => Outgoing.Outgoing): Answer =>
    (exchange, id) => {
      settle()
      const batch = all.find((one) => one.id === id)
      return batch === undefined
        ? exchange.reject(ApiError.notFound(`Message batch ${id} not found`))
        : answer(batch, exchange)
    }

  return {
    settle,
    create: (exchange) => {
      const { requests } = exchange.prompt.body
      const problem = problemOf(requests)
      if (problem !== undefined) return exchange.reject(ApiError.invalid(problem))
      const items = objectsOf(requests).map((request) => makeItem(request, exchange))
      const batch = Batch.make(rules, exchange, items)
      all.unshift(batch)
      return reply(exchange, describe(batch, exchange, batch.createdAt))
    },
    list: (exchange) => {
      settle()
      const listed = all.filter(({ listedAt }) => listedAt <= rules.clock.now())
      return reply(
        exchange,
        page(
          listed.map((batch) => describe(batch, exchange)),
          exchange.incoming.url.searchParams
        )
      )
    },
    retrieve: aboutOne((batch, exchange) => reply(exchange, describe(batch, exchange))),
    cancel: aboutOne((batch, exchange) => {
      if (Batch.isEnded(rules, batch)) return exchange.reject(ApiError.invalid("Batch has already ended."))
      batch.canceledAt ??= rules.clock.now()
      return reply(exchange, describe(batch, exchange))
    }),
    results: aboutOne((batch, exchange) => {
      if (!Batch.isEnded(rules, batch)) {
        return exchange.reject(
          ApiError.notFound("Batch has no available results. Results are available once it has ended.")
        )
      }
      if (rules.clock.now() >= batch.archivedAt) {
        return exchange.reject(ApiError.notFound("Batch is archived. Its results are no longer available."))
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
    }),
    remove: aboutOne((batch, exchange) => {
      if (!Batch.isEnded(rules, batch)) {
        return exchange.reject(ApiError.invalid("A batch must have ended before it is deleted."))
      }
      all.splice(all.indexOf(batch), 1)
      return reply(exchange, { id: batch.id, type: "message_batch_deleted" })
    })
  }
}

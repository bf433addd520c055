/** Message batches: made, worked on while simulated time passes, cancelled, expired, and read as shuffled lines. */
import * as ApiError from "../wire/ApiError.ts"
import * as SeededRandom from "../time/SeededRandom.ts"
import type { Exchange, Rules } from "./Exchange.ts"
import * as Headers from "../wire/Headers.ts"
import * as Message from "../wire/Message.ts"
import { compose } from "./Messages.ts"
import { page } from "./ModelList.ts"
import * as Outgoing from "../wire/Outgoing.ts"
import * as Prompt from "../answers/Prompt.ts"
import { objectOf, objectsOf, type UncheckedJson } from "../wire/UncheckedJson.ts"
import * as Validation from "./Validation.ts"

const mostItems = 100_000
const customId = /^[a-zA-Z0-9_-]{1,64}$/

interface Item {
  readonly customId: string
  readonly params: UncheckedJson
  readonly random: SeededRandom.SeededRandom
  /** When its answer is there. */
  readonly doneAt: number
}

interface Batch {
  readonly id: string
  readonly items: ReadonlyArray<Item>
  readonly createdAt: number
  readonly expiresAt: number
  readonly version: Message.ApiVersion
  canceledAt: number | undefined
  /** Rendered once, so that reading twice gives the same. */
  results: string | undefined
}

/** The endpoints below `/v1/messages/batches`. */
export interface Batches {
  /** Answers `path`, what follows `/v1/messages/batches`; nothing if it is none of these endpoints. */
  readonly answer: (exchange: Exchange, path: string) => Outgoing.Outgoing | undefined
}

/** Work on what is in hand goes on for a moment after a cancellation. */
const cancelShare = 0.05

const instant = (millis: number): string => new Date(millis).toISOString().replace("Z", "000+00:00")

const reply = (exchange: Exchange, body: Message.Fields): Outgoing.Outgoing => {
  const millis = exchange.times(0).firstTokenMillis * 0.2
  // The API says when to look again at a batch that is under way.
  const again = body["processing_status"] === "in_progress" ? { "retry-after": "10" } : {}
  return Outgoing.json(200, { ...exchange.headersAfter(millis), ...again }, body, exchange.at(millis))
}

/** Makes the batches of a mock. */
export const make = (rules: Rules): Batches => {
  const all: Array<Batch> = []
  const { clock, timeScale } = rules
  const doneAt = (batch: Batch): number => Math.max(batch.createdAt, ...batch.items.map((item) => item.doneAt))
  const endsAt = (batch: Batch): number => Math.min(doneAt(batch), batch.expiresAt, stoppedAt(batch))
  const stoppedAt = (batch: Batch): number =>
    batch.canceledAt === undefined
      ? Number.POSITIVE_INFINITY
      : batch.canceledAt + cancelShare * rules.batches.processingMillis * timeScale

  const result = (batch: Batch, item: Item): UncheckedJson => {
    if (item.doneAt > endsAt(batch)) return { type: stoppedAt(batch) <= batch.expiresAt ? "canceled" : "expired" }
    const problem = Validation.checkBody(item.params, batch.version, false)
    if (problem !== undefined)
      return { type: "errored", error: ApiError.body(problem, `req_01${item.random.letters("request id", 22)}`) }
    const prompt = Prompt.read(item.params)
    const cached = { read: 0, created5m: 0, created1h: 0 }
    const envelope = compose(rules, {
      prompt,
      random: item.random,
      version: batch.version,
      tier: "batch",
      cached,
      betas: ""
    })
    return { type: "succeeded", message: Message.plain(envelope) }
  }

  const lines = (batch: Batch): string =>
    (batch.results ??= batch.items
      .toSorted((a, b) => a.random.uniform("place in the results") - b.random.uniform("place in the results"))
      .map((item) => `${JSON.stringify({ custom_id: item.customId, result: result(batch, item) })}\n`)
      .join(""))

  const shown = (batch: Batch, exchange: Exchange): Message.Fields & { readonly id: string } => {
    const now = clock.now()
    const ended = now >= endsAt(batch)
    const counts = { processing: 0, succeeded: 0, errored: 0, canceled: 0, expired: 0 }
    if (ended) {
      for (const line of lines(batch).trimEnd().split("\n")) {
        counts[(JSON.parse(line) as { result: { type: keyof typeof counts } }).result.type]++
      }
    } else counts.processing = batch.items.length
    return {
      id: batch.id,
      type: "message_batch",
      processing_status: ended ? "ended" : batch.canceledAt === undefined ? "in_progress" : "canceling",
      request_counts: counts,
      ended_at: ended ? instant(endsAt(batch)) : null,
      created_at: instant(batch.createdAt),
      expires_at: instant(batch.expiresAt),
      archived_at: null,
      cancel_initiated_at: batch.canceledAt === undefined ? null : instant(batch.canceledAt),
      results_url: ended ? `${exchange.incoming.url.origin}/v1/messages/batches/${batch.id}/results` : null
    }
  }

  const create = (exchange: Exchange): Outgoing.Outgoing => {
    const requests = objectsOf(exchange.prompt.body["requests"])
    const ids = requests.map((request) => request["custom_id"])
    const wrong = ids.findIndex((id) => typeof id !== "string" || !customId.test(id))
    const problem =
      requests.length === 0
        ? "requests: at least one request is required"
        : requests.length > mostItems
          ? `requests: at most ${mostItems} requests may be sent in a batch`
          : wrong >= 0
            ? `requests.${wrong}.custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'`
            : new Set(ids).size < ids.length
              ? "requests: custom_id must be unique"
              : undefined
    if (problem !== undefined) return exchange.reject(ApiError.invalid(problem))
    const now = clock.now()
    const { expiresMillis, processingMillis } = rules.batches
    const items = requests.map((request): Item => {
      const random = SeededRandom.make(rules.seed, SeededRandom.hash(JSON.stringify(request), 0), exchange.attempt)
      return {
        customId: String(request["custom_id"]),
        params: objectOf(request["params"]) ?? {},
        random,
        doneAt: now + random.uniform("time in the batch") * processingMillis * timeScale
      }
    })
    const batch: Batch = {
      id: `msgbatch_01${exchange.random.letters("batch id", 22)}`,
      items,
      createdAt: now,
      expiresAt: now + expiresMillis * timeScale,
      version: exchange.version,
      canceledAt: undefined,
      results: undefined
    }
    all.unshift(batch)
    return reply(exchange, shown(batch, exchange))
  }

  const cancel = (batch: Batch, exchange: Exchange): Outgoing.Outgoing => {
    if (clock.now() >= endsAt(batch)) return exchange.reject(ApiError.invalid("Batch has already ended."))
    batch.canceledAt ??= clock.now()
    return reply(exchange, shown(batch, exchange))
  }

  const results = (batch: Batch, exchange: Exchange): Outgoing.Outgoing => {
    if (clock.now() < endsAt(batch)) {
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
      chunks: [{ text: lines(batch), atMillis }],
      ending: "close"
    }
  }

  const remove = (batch: Batch, exchange: Exchange): Outgoing.Outgoing => {
    if (clock.now() < endsAt(batch))
      return exchange.reject(ApiError.invalid("A batch must have ended before it is deleted."))
    all.splice(all.indexOf(batch), 1)
    return reply(exchange, { id: batch.id, type: "message_batch_deleted" })
  }

  return {
    answer: (exchange, path) => {
      const { method, url } = exchange.incoming
      if (path === "" && method === "POST") return create(exchange)
      if (path === "" && method === "GET") {
        return reply(
          exchange,
          page(
            all.map((batch) => shown(batch, exchange)),
            url.searchParams
          )
        )
      }
      const [, id, verb] = path.split("/")
      const batch = all.find((one) => one.id === id)
      if (batch === undefined) return exchange.reject(ApiError.notFound(`Message batch ${id ?? ""} not found`))
      if (verb === undefined && method === "GET") return reply(exchange, shown(batch, exchange))
      if (verb === undefined && method === "DELETE") return remove(batch, exchange)
      if (verb === "cancel" && method === "POST") return cancel(batch, exchange)
      if (verb === "results" && method === "GET") return results(batch, exchange)
      return undefined
    }
  }
}

/** `POST /v1/messages`: the answer, its usage and its timing, plain or streamed. */
import * as Answer from "../answers/Answer.ts"
import * as ApiError from "../wire/ApiError.ts"
import type * as Cache from "./Cache.ts"
import type { SeededRandom } from "../time/SeededRandom.ts"
import type { Exchange, Rules } from "./Exchange.ts"
import * as Headers from "../wire/Headers.ts"
import * as Message from "../wire/Message.ts"
import * as Models from "../wire/Models.ts"
import * as Outgoing from "../wire/Outgoing.ts"
import type { Prompt } from "../answers/Prompt.ts"
import * as Reply from "../answers/Reply.ts"
import * as Sse from "../wire/Sse.ts"
import * as Stream from "../wire/Stream.ts"
import * as Tokens from "../wire/Tokens.ts"
import * as ServerToolTraces from "../answers/ServerToolTraces.ts"
import { listOf, objectOf, type UncheckedJson } from "../wire/UncheckedJson.ts"
import * as Validation from "./Validation.ts"

const stops = (value: unknown): ReadonlyArray<string> =>
  listOf(value).filter((item): item is string => typeof item === "string")

const thinks = (body: UncheckedJson): boolean =>
  ["enabled", "adaptive"].includes(String(objectOf(body["thinking"])?.["type"]))

/** What a message is composed from. */
export interface Asked {
  readonly prompt: Prompt
  readonly random: SeededRandom
  readonly version: Message.ApiVersion
  readonly tier: Message.Usage["serviceTier"]
  readonly cached: Cache.Split
  /** The request's `anthropic-beta` header. */
  readonly betas: string
}

/** Composes the message for a prompt, using up the reply that was written for it. */
export const compose = (rules: Rules, asked: Asked): Message.Envelope => {
  const { betas, cached, random, prompt, tier, version } = asked
  const { body } = prompt
  const reply = rules.written(prompt)
  const whole = reply === undefined ? Reply.unwritten(prompt, random) : Reply.answer(reply, prompt, random)
  const maxTokens = typeof body["max_tokens"] === "number" ? body["max_tokens"] : Number.POSITIVE_INFINITY
  const answer = Answer.within(whole, maxTokens, stops(body["stop_sequences"]))
  const written = Answer.outputTokens(answer)
  const model = Models.find(prompt.model)
  const input = Tokens.ofRequest(body)
  const { created1h, created5m, read } = cached
  return {
    id: `msg_01${random.letters("message id", 22)}`,
    model: model?.id ?? prompt.model,
    version,
    reportsThinking: model?.reportsThinking === true || thinks(body),
    answer,
    serverToolTraces: ServerToolTraces.of(answer.content, prompt, betas, random),
    usage: {
      input: Math.max(0, input - created1h - created5m - read),
      cacheCreation5m: created5m,
      cacheCreation1h: created1h,
      cacheRead: read,
      output: written.total,
      thinking: written.thinking,
      serviceTier: tier
    }
  }
}

const streamed = (exchange: Exchange, envelope: Message.Envelope, headers: Headers.HeaderList): Outgoing.Outgoing => {
  const { at, random, times } = exchange
  const { firstTokenMillis, totalMillis } = times(envelope.usage.output)
  const chunks = Stream.events(envelope).map((event, index) => ({
    event: event.name,
    text: Sse.text(event.name, event.data, Math.floor(random.uniform(`padding ${index}`) * 16)),
    atMillis: at(firstTokenMillis + event.share * (totalMillis - firstTokenMillis))
  }))
  return {
    status: 200,
    headers: { ...exchange.headersAfter(firstTokenMillis), ...headers, ...Headers.stream },
    headersAtMillis: at(firstTokenMillis),
    chunks,
    ending: "close"
  }
}

/** About one recorded 200 in forty carries a `retry-after` that means nothing; clients must not heed it. */
const strayRetryAfter = ({ random }: Exchange): Headers.HeaderList =>
  random.uniform("stray retry-after") < 0.025
    ? { "retry-after": String(10 + Math.floor(random.uniform("stray seconds") * 50)) }
    : {}

/** Answers a Messages request. */
export const answer = (rules: Rules, exchange: Exchange): Outgoing.Outgoing => {
  const { at, entry, headersAfter, incoming, prompt, startedAt, times } = exchange
  const { body } = prompt
  const problem = Validation.checkBody(body, exchange.version, false)
  if (problem !== undefined) return exchange.reject(problem)
  const cached = rules.cache.visit(body, startedAt)
  entry.inputTokens = Tokens.ofRequest(body)
  const refused = rules.rateLimiter.admit(prompt.model, entry.inputTokens - cached.read, startedAt)
  if (refused !== undefined) return exchange.reject(refused.error, refused.headers)
  const envelope = compose(rules, {
    ...exchange,
    cached,
    tier: "standard",
    betas: incoming.headers.get("anthropic-beta") ?? ""
  })
  const { output } = envelope.usage
  const { firstTokenMillis, totalMillis } = times(output)
  cached.write(at(firstTokenMillis))
  const headers = { ...rules.rateLimiter.recordOutput(prompt.model, output, startedAt), ...strayRetryAfter(exchange) }
  entry.outputTokens = output
  entry.stopReason = envelope.answer.stopReason
  if (body["stream"] === true) return streamed(exchange, envelope, headers)
  return Outgoing.json(200, { ...headersAfter(totalMillis), ...headers }, Message.plain(envelope), at(totalMillis))
}

/** Answers `count_tokens`: the estimate that usage adds up to. */
export const count = (exchange: Exchange): Outgoing.Outgoing => {
  const { body } = exchange.prompt
  const problem = Validation.checkBody(body, exchange.version, true)
  if (problem !== undefined) return exchange.reject(problem)
  const millis = exchange.times(0).firstTokenMillis * 0.3
  return Outgoing.json(
    200,
    exchange.headersAfter(millis),
    { input_tokens: Tokens.ofRequest(body) },
    exchange.at(millis)
  )
}

/** A path that is none of the API's. */
export const nowhere = (exchange: Exchange): Outgoing.Outgoing => exchange.reject(ApiError.notFound("Not found"))

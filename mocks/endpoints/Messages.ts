/** `POST /v1/messages` and `count_tokens`: the reply with its usage and timing, plain or streamed. */
import * as Answer from "../answers/Answer.ts"
import type * as ApiError from "../wire/ApiError.ts"
import type { Block } from "../wire/Completion.ts"
import * as Compaction from "../answers/Compaction.ts"
import * as Fallback from "../answers/Fallback.ts"
import * as Replies from "../answers/Replies.ts"
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

const stringsOf = (value: unknown): ReadonlyArray<string> =>
  listOf(value).filter((item): item is string => typeof item === "string")

const asksForThinking = (body: UncheckedJson): boolean =>
  ["enabled", "adaptive"].includes(String(objectOf(body["thinking"])?.["type"]))

/** What a message is composed from; an item of a batch has no exchange of its own. */
export interface Question {
  readonly prompt: Prompt
  readonly random: SeededRandom
  readonly version: Message.ApiVersion
  readonly tier: Message.Usage["serviceTier"]
  readonly cacheUse: Cache.CacheUse
  /** The request's `anthropic-beta` header. */
  readonly betas: string
}

/** An answer with the model that made it. */
interface Made {
  readonly answer: Answer.Answer
  readonly model: string
}

/**
 * Finds or simulates the answer of the first model; after a refusal, that of the next one behind a `fallback` block. An error if no
 * reply was registered and none is to be simulated.
 */
const answerOf = (
  rules: Rules,
  question: Question,
  [model, ...others]: ReadonlyArray<string>,
  blocks: ReadonlyArray<Block> = []
): Made | ApiError.ApiError => {
  const { betas, prompt, random } = question
  const asked =
    model === undefined || model === prompt.model ? prompt : { ...prompt, model, body: { ...prompt.body, model } }
  const reply = rules.takeReply(asked)
  if (reply === undefined && rules.unmatched === "error") return Replies.unmatched(asked)
  const answer = reply === undefined ? Reply.simulate(asked, random) : Reply.answer(reply, asked, random)
  const next = others[0]
  if (answer.stopReason === "refusal" && next !== undefined) {
    const handedOn = Fallback.block(asked.model, next, answer.stopDetails?.["category"])
    return answerOf(rules, question, others, [...blocks, handedOn])
  }
  const stopDetails = answer.stopDetails && Fallback.withCredit(answer.stopDetails, asked.model, betas, random)
  // Most answers stay as they are, and are not copied.
  if (blocks.length === 0 && stopDetails === undefined) return { model: asked.model, answer }
  return {
    model: asked.model,
    answer: { ...answer, content: [...blocks, ...answer.content], ...(stopDetails && { stopDetails }) }
  }
}

/** Composes the message for a prompt, and counts the use of the reply that was registered for it. */
export const compose = (rules: Rules, question: Question): Message.Envelope | ApiError.ApiError => {
  const { betas, cacheUse, prompt, random, tier, version } = question
  const { body } = prompt
  const made = answerOf(rules, question, [prompt.model, ...Fallback.modelsOf(prompt)])
  if ("status" in made) return made
  const maxTokens = typeof body["max_tokens"] === "number" ? body["max_tokens"] : Number.POSITIVE_INFINITY
  const input = Tokens.ofRequest(body)
  const full = Compaction.apply(made.answer, prompt, input, random)
  const answer = Answer.truncate(full, maxTokens, stringsOf(body["stop_sequences"]))
  const output = Answer.outputTokens(answer, maxTokens)
  const model = Models.find(made.model)
  const { created1h, created5m, read } = cacheUse
  const cached = created1h + created5m + read
  const again = ServerToolTraces.laterReads(answer.content)
  return {
    id: `msg_01${random.letters("message id", 22)}`,
    model: model?.id ?? made.model,
    version,
    reportsThinking: model?.reportsThinking === true || asksForThinking(body),
    answer,
    diagnostics: rules.conversations.diagnose(body),
    fallbackCredit: Fallback.creditUse(body),
    serverToolTraces: ServerToolTraces.of(answer.content, prompt, betas, random),
    usage: {
      input: Math.max(0, input - cached) * (1 + again.count) + again.tokens,
      cacheCreation5m: created5m,
      cacheCreation1h: created1h,
      cacheRead: read + cached * again.count,
      output: output.total,
      thinking: output.thinking,
      serviceTier: tier
    }
  }
}

/** Makes the streamed reply: each event leaves in proportion to the output written by then. */
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

/** In the recordings, 2.5 % of the 200s carry a `retry-after` without meaning; clients must ignore it. */
const strayRetryAfter = ({ random }: Exchange): Headers.HeaderList =>
  random.uniform("stray retry-after") < 0.025
    ? { "retry-after": String(10 + Math.floor(random.uniform("stray seconds") * 50)) }
    : {}

/** Answers a Messages request. Rate limits count the input that is not read from the cache. */
export const answer = (rules: Rules, exchange: Exchange): Outgoing.Outgoing => {
  const { at, entry, headersAfter, incoming, prompt, startedAt, times } = exchange
  const { body } = prompt
  const { betas, threadError, version } = exchange
  const error =
    threadError ?? Validation.checkBody(body, { version, betas, files: rules.files, isCounting: false, isBatch: false })
  if (error !== undefined) return exchange.reject(error)
  const cacheUse = rules.cache.lookup(body, startedAt)
  entry.inputTokens = Tokens.ofRequest(body)
  const rejection = rules.rateLimiter.admit(prompt.model, entry.inputTokens - cacheUse.read, startedAt)
  if (rejection !== undefined) return exchange.reject(rejection.error, rejection.headers)
  const envelope = compose(rules, {
    prompt,
    random: exchange.random,
    version,
    tier: "standard",
    cacheUse,
    betas: incoming.headers.get("anthropic-beta") ?? ""
  })
  if ("status" in envelope) return exchange.reject(envelope)
  rules.ledger.bill(envelope, { body, batchId: null, customId: null, atMillis: startedAt })
  // The API does not store the reply of a fallback model for a thread.
  if (envelope.answer.content.every(({ type }) => type !== "fallback")) {
    rules.conversations.store(envelope.id, body, Message.blocks(envelope), startedAt)
  }
  const { output } = envelope.usage
  const { firstTokenMillis, totalMillis } = times(output)
  cacheUse.store(at(firstTokenMillis))
  const limits = rules.rateLimiter.recordOutput(prompt.model, output, startedAt)
  const strayHeaders = strayRetryAfter(exchange)
  entry.outputTokens = output
  entry.stopReason = envelope.answer.stopReason
  if (body["stream"] === true) return streamed(exchange, envelope, { ...limits, ...strayHeaders })
  const headers = { ...headersAfter(totalMillis), ...limits, ...strayHeaders }
  return Outgoing.json(200, headers, Message.plain(envelope), at(totalMillis))
}

/** Answers `count_tokens` with the estimate that the usage of the same request adds up to. */
export const countTokens = ({ files }: Rules, exchange: Exchange): Outgoing.Outgoing => {
  const { body } = exchange.prompt
  const error = Validation.checkBody(body, { ...exchange, files, isCounting: true, isBatch: false })
  if (error !== undefined) return exchange.reject(error)
  const millis = exchange.times(0).firstTokenMillis * 0.3
  return Outgoing.json(
    200,
    exchange.headersAfter(millis),
    { input_tokens: Tokens.ofRequest(body) },
    exchange.at(millis)
  )
}

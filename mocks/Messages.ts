/** `POST /v1/messages`: the answer, its usage and its timing, plain or streamed. */
import * as Answer from "./Answer.ts"
import type { Exchange, Rules } from "./Exchange.ts"
import * as Headers from "./Headers.ts"
import * as Message from "./Message.ts"
import * as Models from "./Models.ts"
import * as Outgoing from "./Outgoing.ts"
import { listOf } from "./Prompt.ts"
import * as Reply from "./Reply.ts"
import * as Sse from "./Sse.ts"
import * as Stream from "./Stream.ts"
import * as Tokens from "./Tokens.ts"

const stops = (value: unknown): ReadonlyArray<string> =>
  listOf(value).filter((item): item is string => typeof item === "string")

/** Gives the message for an exchange; batches ask for it too. */
export const compose = (rules: Rules, exchange: Exchange): Message.Envelope => {
  const { draw, entry, prompt, version } = exchange
  const { body } = prompt
  const reply = rules.written(prompt)
  const whole = reply === undefined ? Reply.unwritten(prompt, draw) : Reply.answer(reply, prompt, draw)
  const maxTokens = typeof body["max_tokens"] === "number" ? body["max_tokens"] : Number.POSITIVE_INFINITY
  const answer = Answer.within(whole, maxTokens, stops(body["stop_sequences"]))
  const written = Answer.outputTokens(answer.content)
  const model = Models.find(prompt.model)
  entry.inputTokens = Tokens.ofRequest(body)
  entry.outputTokens = written.total
  entry.stopReason = answer.stopReason
  return {
    id: `msg_01${draw.letters("message id", 22)}`,
    model: model?.id ?? prompt.model,
    version,
    reportsThinking: model?.reportsThinking === true || written.thinking > 0,
    answer,
    usage: {
      input: entry.inputTokens,
      cacheCreation5m: 0,
      cacheCreation1h: 0,
      cacheRead: 0,
      output: written.total,
      thinking: written.thinking,
      serviceTier: "standard"
    }
  }
}

const streamed = (exchange: Exchange, envelope: Message.Envelope): Outgoing.Outgoing => {
  const { at, draw, times } = exchange
  const { firstTokenMillis, totalMillis } = times(envelope.usage.output)
  const chunks = Stream.events(envelope).map((event, index) => ({
    event: event.name,
    text: Sse.text(event.name, event.data, Math.floor(draw.uniform(`padding ${index}`) * 16)),
    atMillis: at(firstTokenMillis + event.share * (totalMillis - firstTokenMillis))
  }))
  return {
    status: 200,
    headers: { ...exchange.headersAfter(firstTokenMillis), ...Headers.stream },
    headersAtMillis: at(firstTokenMillis),
    chunks,
    ending: "close"
  }
}

/** Answers a Messages request. */
export const answer = (rules: Rules, exchange: Exchange): Outgoing.Outgoing => {
  const envelope = compose(rules, exchange)
  if (exchange.prompt.body["stream"] === true) return streamed(exchange, envelope)
  const { totalMillis } = exchange.times(envelope.usage.output)
  return Outgoing.json(200, exchange.headersAfter(totalMillis), Message.plain(envelope), exchange.at(totalMillis))
}

/** The `LanguageModel` of `effect/ai` over `Claude.send`: text and objects, at once or as a stream; no tools, no files. */
import { Context, Deferred, Effect, Exit, Layer, Option, Queue, Schema, Stream } from "effect"
import { type AiError, LanguageModel, type Response } from "effect/ai"
import { toCodecAnthropic } from "effect/ai/AnthropicStructuredOutput"
import * as AiMessages from "./ai/AiMessages.ts"
import { AskError, CutOff } from "./claude/AskError.ts"
import * as Attempt from "./claude/Attempt.ts"
import * as AttemptEvents from "./claude/AttemptEvents.ts"
import * as Call from "./claude/Call.ts"
import { askModel, Claude } from "./claude/Claude.ts"
import * as Event from "./claude/Event.ts"
import { type Request, textOf } from "./claude/Message.ts"
import { observe } from "./claude/ObservedSend.ts"
import * as Models from "./claude/Models.ts"
import * as Issue from "./options/Issue.ts"
import { inCode } from "./options/OptionSchemas.ts"
import * as Ask from "./pipeline/Ask.ts"

const { effort, maxTokens, model, system } = Ask.Settings.fields
const assertOptions = Issue.assert(inCode(Schema.Struct({ model, system, maxTokens, effort })), "options")

/**
 * Settings of every request, as those of an ask. `model`: default `Claude.askModel`; of several, the next is asked where one is
 * overloaded or missing, or refuses. `system`: for prompts without a system message. `maxTokens`: default 4096.
 */
export type Options = {
  readonly [K in "model" | "system" | "maxTokens" | "effort"]?: Ask.Options[K] | undefined
}

/**
 * Provides the `LanguageModel` of `effect/ai`. It sends by `Claude.send`, and an `AskError` becomes an `AiError`. Toolkits, and
 * prompts that are not text, fail with `InvalidRequestError` before anything is sent.
 */
export const layer = (options: Options = {}): Layer.Layer<LanguageModel.LanguageModel, never, Claude> => {
  assertOptions(options)
  const models = options.model ?? askModel
  const settings = { ...options, model: Models.first(models), maxTokens: options.maxTokens ?? Ask.maxTokens }
  return Layer.effect(
    LanguageModel.LanguageModel,
    Effect.flatMap(Claude, (claude) => {
      const send = asCall(observe(claude.send), Models.others(models))
      return LanguageModel.make({
        codecTransformer: toCodecAnthropic,
        supportsSystemMessagesInHistory: Effect.succeed(false),
        generateText: Effect.fnUntraced(function* (input) {
          const method = input.responseFormat.type === "json" ? "generateObject" : "generateText"
          const request = yield* AiMessages.requestOf(method, input, settings)
          const reply = yield* AiMessages.answered(method, request, send(request))
          const text = textOf(reply)
          return [...(text === "" ? [] : [{ type: "text" as const, text }]), ...AiMessages.lastPartsOf(reply)]
        }),
        streamText: (input) =>
          Stream.callback<Response.StreamPartEncoded, AiError.AiError>(
            Effect.fnUntraced(function* (queue) {
              const request = yield* AiMessages.requestOf("streamText", input, settings)
              const offer = (part: Response.StreamPartEncoded) => void Queue.offerUnsafe(queue, part)
              const reply = yield* AiMessages.answered("streamText", request, streamed(send, request, offer))
              yield* Queue.offerAll(queue, AiMessages.lastPartsOf(reply))
              yield* Queue.end(queue)
            })
          )
      })
    })
  )
}

/** Sends each request as a call with one time limit for all its turns, and with the models that are asked next. */
const asCall =
  (send: Attempt.Send, fallback: ReadonlyArray<string>): Attempt.Send =>
  (request) =>
    Effect.updateContext(send(request), (context: Context.Context<never>) => {
      const call = Context.get(context, Call.Current)
      const current = fallback.length === 0 ? call : { ...call, fallback }
      return Context.add(Context.add(context, Call.Execution, { firstDispatchAt: undefined }), Call.Current, current)
    })

const id = "0"

/**
 * Sends a request, and offers the text of its reply in parts as it arrives, with what no delta brought at the end. Parts that
 * were given cannot be taken back, and another attempt begins the text anew: where the text of an attempt has begun, the
 * stream fails with its error instead of giving the text of a second attempt, or of the second copy of a hedge.
 */
const streamed = Effect.fnUntraced(function* (
  send: Attempt.Send,
  request: Request,
  offer: (part: Response.StreamPartEncoded) => void
) {
  const failed = yield* Deferred.make<never, AskError>()
  let text = ""
  /** Length of the text when the attempt under way was dispatched: that of turns which ended with `pause_turn`. */
  let keptLength = 0
  /** Why an attempt was interrupted after its text had begun: ends the stream when the next attempt is dispatched. */
  let interruption: AskError | undefined
  let isOver = false
  const end = (error: AskError): void => {
    isOver = true
    Deferred.doneUnsafe(failed, Effect.fail(error))
  }
  const add = (delta: string): void => {
    if (delta === "" || isOver) return
    if (text === "") offer({ type: "text-start", id })
    offer({ type: "text-delta", id, delta })
    text += delta
  }
  const observer: Attempt.Observer = {
    onDispatch: ({ call }) => {
      if (call.hedge === true) return
      if (interruption !== undefined) end(interruption)
      keptLength = text.length
    },
    onEnd: (attempt, ended) => {
      if (attempt.call.hedge === true || text.length === keptLength) return
      const error = Exit.findErrorOption(ended.exit)
      if (Option.isSome(error)) return end(error.value)
      const event = AttemptEvents.ended(attempt, ended)
      // A time limit fails the call with an error of its own, which counts where no attempt follows.
      if (event._tag === "AttemptFailed") interruption = cutOff(event.message)
    }
  }
  const sent = Effect.updateContext(send(request), (context: Context.Context<never>) => {
    const listener = Context.get(context, Event.Listener)
    const delta = (delta: Event.Delta): void => {
      add(delta.text)
      listener.delta?.(delta)
    }
    return Context.add(Attempt.observing(context, observer), Event.Listener, { ...listener, delta })
  })
  const reply = yield* Effect.raceFirst(sent, Deferred.await(failed))
  const answer = textOf(reply)
  if (!answer.startsWith(text)) return yield* cutOff("the second copy of the request answered first")
  add(answer.slice(text.length))
  if (text !== "") offer({ type: "text-end", id })
  return reply
})

const cutOff = (detail: string): AskError => new AskError({ reason: new CutOff({ detail }) })

/** The prompts, response parts and errors of `effect/ai`, to and from those of `Claude`. */
import { Duration, Effect } from "effect"
import { AiError, type LanguageModel, type Prompt, type Response } from "effect/ai"
import { toCodecAnthropic } from "effect/ai/AnthropicStructuredOutput"
import { AskError } from "../claude/AskError.ts"
import { incompletenessOf } from "../claude/Incompleteness.ts"
import { type Effort, inputTokensOf, type Reply, type Request, textOf, type Turn } from "../claude/Message.ts"

type Method = "generateText" | "generateObject" | "streamText"

interface Settings {
  readonly model: string
  readonly maxTokens: number
  readonly system?: string | undefined
  readonly effort?: Effort | undefined
}

const fail = (method: Method, reason: AiError.AiErrorReason) =>
  Effect.fail(AiError.make({ module: "fanfold", method, reason }))

const failUnsent = (method: Method, parameter: string, description: string) =>
  fail(method, new AiError.InvalidRequestError({ parameter, description: `${description}. Nothing was sent` }))

/** Gives the request of a prompt. Fails where the prompt is more than text, or Claude cannot take the schema. */
export const requestOf = Effect.fnUntraced(function* (
  method: Method,
  { prompt, responseFormat, tools }: LanguageModel.ProviderOptions,
  { effort, maxTokens, model, system }: Settings
) {
  if (tools.length > 0) return yield* failUnsent(method, "toolkit", `Tools are not supported: ${elsewhere}`)
  const begin = prompt.content.findIndex(({ role }) => role !== "system")
  const turns = begin === -1 ? [] : prompt.content.slice(begin)
  if (turns.length === 0) return yield* failUnsent(method, "prompt", "A prompt needs a user message")
  const unsupported = turns.map(unsupportedIn).find((found) => found !== undefined)
  if (unsupported !== undefined) return yield* failUnsent(method, "prompt", unsupported)
  const instructions = prompt.content.flatMap((message) => (message.role === "system" ? [message.content] : []))
  const ownSystem = instructions.length > 0 ? instructions.join("\n\n") : system
  const request: Request = {
    model,
    ...(ownSystem !== undefined && { system: ownSystem }),
    messages: turns.map(turnOf),
    maxTokens,
    ...(effort !== undefined && { effort })
  }
  if (responseFormat.type === "text") return request
  const answerSchema = yield* Effect.try({
    try: () => toCodecAnthropic(responseFormat.schema).jsonSchema,
    catch: (thrown) => new AiError.UnsupportedSchemaError({ description: String(thrown) })
  }).pipe(Effect.catch((reason) => fail(method, reason)))
  return { ...request, answerSchema }
})

const elsewhere = "use the AnthropicLanguageModel of @effect/ai-anthropic for this request"

/** What a message has that cannot be sent, and what to do instead; `undefined` where it has only text. */
const unsupportedIn = ({ content, role }: Prompt.Message): string | undefined => {
  if (role === "system") return "A system message must come before all others: move it to the beginning of the prompt"
  const type = typeof content === "string" ? undefined : content.find(({ type }) => type !== "text")?.type
  switch (type) {
    case undefined:
      return undefined
    case "file":
      return `Files and images are not supported: give their text as a text part, or ${elsewhere}`
    case "reasoning":
      return "Reasoning parts are not supported: leave them out of the prompt"
    default:
      return `Parts of type ${type} are not supported: ${elsewhere}`
  }
}

/** A message of one text becomes a plain string, as an ask's question is. */
const turnOf = ({ content, role }: Prompt.Message): Turn => {
  const texts = (content as ReadonlyArray<Prompt.TextPart>).map(({ text }) => text)
  const [only = "", ...others] = texts
  return {
    role: role === "assistant" ? role : "user",
    content: others.length === 0 ? only : texts.map((text) => ({ type: "text", text }))
  }
}

/** Runs a call; its error becomes an `AiError`, as does a refusal, and an object that may be cut. */
export const answered = (
  method: Method,
  { maxTokens }: Request,
  sent: Effect.Effect<Reply, AskError>
): Effect.Effect<Reply, AiError.AiError> =>
  Effect.matchEffect(sent, {
    onFailure: (error) => fail(method, reasonOf(error)),
    onSuccess: (reply) => {
      const reason = incompletenessOf(reply, maxTokens)
      if (reason?._tag === "Refused") {
        return fail(method, reasonOf(new AskError({ reason, requestId: reply.requestId })))
      }
      if (reason === undefined || method !== "generateObject") return Effect.succeed(reply)
      const description = reason.message
      return fail(method, new AiError.StructuredOutputError({ description, responseText: textOf(reply) }))
    }
  })

/** The parts that follow a reply's text: which model answered, why it stopped, and its usage. */
export const lastPartsOf = (reply: Reply): [Response.ResponseMetadataPartEncoded, Response.FinishPartEncoded] => {
  const { id, model: modelId, usage } = reply
  const { cacheCreationInputTokens: cacheWrite, cacheReadInputTokens: cacheRead, inputTokens: uncached } = usage
  const { outputTokens: total, thinkingTokens: reasoning } = usage
  // A count that stands as 0 because it was not reported is not given on as 0.
  const known = (count: number): number | undefined => (usage.isIncomplete === true ? undefined : count)
  return [
    { type: "response-metadata", id, modelId },
    {
      type: "finish",
      reason: finishReasonOf(reply),
      usage: {
        inputTokens: {
          uncached: known(uncached),
          total: known(inputTokensOf(usage)),
          cacheRead: known(cacheRead),
          cacheWrite: known(cacheWrite)
        },
        outputTokens: { total: known(total), text: known(total - reasoning), reasoning: known(reasoning) }
      }
    }
  ]
}

/** `unknown` where the reply has no stop reason, `other` for a new one. */
const finishReasonOf = ({ stopReason }: Reply): Response.FinishReason =>
  stopReason === null ? "unknown" : Object.hasOwn(finishReasons, stopReason) ? finishReasons[stopReason]! : "other"

const finishReasons: Readonly<Record<string, Response.FinishReason>> = {
  end_turn: "stop",
  stop_sequence: "stop",
  max_tokens: "length",
  model_context_window_exceeded: "length",
  pause_turn: "pause",
  tool_use: "tool-calls"
}

/**
 * The class of an error in `effect/ai`. Its message has that of the `AskError`, but for the two classes without a description.
 * All but `NetworkError` have the reason's tag and the message in `metadata.fanfold`, `NetworkError` has the `AskError` as `cause`.
 */
const reasonOf = (error: AskError): AiError.AiErrorReason => {
  const { isRetryable, message: description, reason, retryAfterMillis } = error
  const metadata = { fanfold: { reason: reason._tag, message: description } }
  const described = { description, metadata }
  switch (reason._tag) {
    case "RateLimited": {
      const retryAfter = retryAfterMillis === undefined ? undefined : Duration.millis(retryAfterMillis)
      return new AiError.RateLimitError({ retryAfter, metadata })
    }
    case "SpendLimitReached":
    case "BillingFailed":
      return new AiError.QuotaExhaustedError({ metadata })
    case "Authentication":
      return new AiError.AuthenticationError({ kind: "InvalidKey", ...described })
    case "PermissionDenied":
      return new AiError.AuthenticationError({ kind: "InsufficientPermissions", ...described })
    case "InvalidRequest":
    case "NotFound":
    case "TooLarge":
      return new AiError.InvalidRequestError(described)
    case "Refused":
      return new AiError.ContentPolicyError(described)
    case "NotJson":
      return new AiError.InvalidResponseError(described)
  }
  // The two classes below are always retryable.
  if (!isRetryable) return new AiError.UnknownError(described)
  switch (reason._tag) {
    case "Overloaded":
    case "ServerError":
      return new AiError.InternalProviderError(described)
    default:
      return new AiError.NetworkError({
        reason: "TransportError",
        method: "POST",
        url: "/v1/messages",
        description,
        cause: error
      })
  }
}

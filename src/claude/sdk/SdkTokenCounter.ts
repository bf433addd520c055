/** `count_tokens` over `@anthropic-ai/sdk`. Loaded when the first request is counted. */
import { Effect } from "effect"
import type { Options } from "../Connection.ts"
import { bodyOf } from "../RequestBody.ts"
import type { TokenCounter } from "../TokenCounter.ts"
import { accountOf } from "./Account.ts"
import { clientOf } from "./MessagesClient.ts"

/** A count that takes longer is worth less than what it may save. */
const limit = "30 seconds"

export const counter = (options: Options): TokenCounter => {
  const { key, problem } = accountOf(options)
  if (problem !== undefined) return () => Effect.succeed(undefined)
  const { messages } = clientOf(options, key)
  return (request) => {
    const { messages: turns, model, output_config: output, system, tools } = bodyOf(request)
    const body = {
      model,
      messages: turns,
      ...(system !== undefined && { system }),
      ...(tools !== undefined && { tools }),
      ...(output !== undefined && { output_config: output })
    }
    return Effect.tryPromise((signal) => messages.countTokens(body, { signal })).pipe(
      Effect.timeout(limit),
      Effect.map(({ input_tokens: tokens }): unknown => tokens),
      Effect.map((tokens) => (typeof tokens === "number" ? tokens : undefined)),
      Effect.orElseSucceed(() => undefined)
    )
  }
}

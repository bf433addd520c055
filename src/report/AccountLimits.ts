/** What replies said of the account's limits, by model: what was beside the rates of a run. */
import type { Reply } from "../claude/Message.ts"
import * as RateLimitHeaders from "../claude/RateLimitHeaders.ts"
import type { View } from "./View.ts"

/** The latest that each model's replies reported; nothing of models whose replies had no such headers. */
export const limitsOf = (replies: ReadonlyArray<Pick<Reply, "headers" | "model">>): View["limits"] => {
  const limits = new Map<string, View["limits"][number]>()
  for (const { headers, model } of replies) {
    const { input, output, requests } = RateLimitHeaders.read(headers, 0)
    if (requests === undefined && input === undefined && output === undefined) continue
    limits.set(model, {
      model,
      requests: requests?.limit ?? null,
      inputTokens: input?.limit ?? null,
      outputTokens: output?.limit ?? null
    })
  }
  return [...limits.values()]
}

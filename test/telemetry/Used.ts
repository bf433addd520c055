/** A usage whose figures can be told from each other, and from their sums. */
import type { Message } from "fanfold"

export const usage: Message.Usage = {
  inputTokens: 1,
  cacheCreationInputTokens: 20,
  cacheReadInputTokens: 300,
  outputTokens: 4000,
  thinkingTokens: 50,
  webSearches: 0
}

/** Why a reply is no complete answer, by its stop reason. */
import { IncompleteReply, Refused, Truncated, Unfinished } from "./AskError.ts"
import type { Reply } from "./Message.ts"

/** The reason of the error that a reply stands for; `undefined` where it is complete. `maxTokens`: of its request. */
export const incompletenessOf = (
  reply: Reply,
  maxTokens: number
): Refused | Truncated | Unfinished | IncompleteReply | undefined => {
  const { stopReason } = reply
  switch (stopReason) {
    case "refusal": {
      const { category = null, explanation = null } = reply.refusal ?? {}
      return new Refused({ category, explanation })
    }
    case "max_tokens":
    case "model_context_window_exceeded":
      return new Truncated({ stopReason, maxTokens })
    // The layer `Continue` resumes paused turns; without it, the text of a paused turn is not a complete answer.
    case "pause_turn":
      return new Unfinished({ turns: 0 })
    case "tool_use":
    case null:
      return new IncompleteReply({ stopReason, tools: toolsOf(reply) })
    default:
      return undefined
  }
}

/** The names of the tools that a reply wants to be run. */
const toolsOf = ({ content }: Reply): ReadonlyArray<string> =>
  content.flatMap(({ name, type }) => (type === "tool_use" && typeof name === "string" ? name : []))

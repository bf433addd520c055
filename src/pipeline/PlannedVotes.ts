/** What the votes of an ask will send, before anything is sent. */
import type { Request } from "../claude/Message.ts"
import type * as Models from "../claude/Models.ts"
import * as WorstCase from "../cost/WorstCase.ts"
import { type AskData, modelsOf, requestOf } from "./AskData.ts"
import type { Defaults } from "./AskOptions.ts"
import * as JoinedVotes from "./JoinedVotes.ts"
import { type Votes, votesOf } from "./VotesOption.ts"

/** The request that joins votes in prose, without their texts, of which it may have `answerTokens`. */
export interface Joining {
  readonly request: Request
  readonly models: Models.Models
  readonly answerTokens: number
}

/** `joining`: where a call joins the votes; the majority of data is found by code. */
export interface PlannedVotes extends Votes {
  readonly joining: Joining | undefined
}

/** `undefined` where the ask is asked once. */
export const of = (ask: AskData<unknown, any>, defaults: typeof Defaults.Service = {}): PlannedVotes | undefined => {
  const votes = votesOf(ask.options.votes ?? defaults.votes)
  if (votes === undefined) return undefined
  if (ask.format._tag === "Object") return { ...votes, joining: undefined }
  const request = requestOf(ask, defaults)
  const texts = Array.from({ length: votes.count }, () => "")
  const models = modelsOf(ask, defaults)
  const joining = JoinedVotes.askOf(ask.question, texts, { maxTokens: request.maxTokens, models })
  return {
    ...votes,
    joining: {
      request: requestOf(joining),
      models: modelsOf(joining),
      answerTokens: votes.count * WorstCase.answerTokens(request)
    }
  }
}

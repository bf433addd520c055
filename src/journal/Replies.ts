/** What the asks of a run were answered, made of the turns that a home of the journal has. */
import { Result, Schema } from "effect"
import { following, Reply } from "../claude/Message.ts"

/** The reply that an ask, or the synthesis, ended with. */
export interface Replied {
  readonly ask: string
  readonly part: "ask" | "synthesis"
  /** Its text is JSON of a schema. */
  readonly isStructured: boolean
  readonly reply: Reply
  /** What came before it and was not continued by it: it was asked again what is wrong there. Absent where that is none. */
  readonly earlier?: ReadonlyArray<Reply>
  /** The run that has paid it, and when it came, in epoch milliseconds. */
  readonly run: string
  readonly at: number
}

/** A turn as a home has it, by entry and turn; `reply` is JSON. */
export interface TurnRow extends Pick<Replied, "ask" | "part" | "isStructured" | "run" | "at"> {
  readonly entry: number
  readonly reply: string
}

const isReply = Schema.is(Reply)

/** The last reply of each entry with those before it, in their order; one that continues a paused turn with the parts before it. */
export const repliesOf = (rows: ReadonlyArray<TurnRow>): ReadonlyArray<Replied> => {
  const replies = new Map<number, Replied>()
  for (const { at, ask, entry, isStructured, part, reply: json, run } of rows) {
    const reply = Result.getOrUndefined(Result.try((): unknown => JSON.parse(json)))
    if (!isReply(reply)) continue
    const known = replies.get(entry)
    const before = known?.reply
    const isContinued = before?.stopReason === "pause_turn"
    const joined = isContinued ? { ...following(before, reply), content: [...before.content, ...reply.content] } : reply
    const earlier = [...(known?.earlier ?? []), ...(before === undefined || isContinued ? [] : [before])]
    replies.set(entry, { ask, part, isStructured, reply: joined, ...(earlier.length > 0 && { earlier }), run, at })
  }
  return [...replies.values()]
}

/** Whether a reply ends its ask with an answer, as far as that can be seen without its schema. */
export const isAnswer = ({ stopReason }: Pick<Reply, "stopReason">): boolean =>
  stopReason === "end_turn" || stopReason === "stop_sequence"

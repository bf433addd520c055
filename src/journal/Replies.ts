/** What the asks of a run were answered, made of the turns that a home of the journal has. */
import { Predicate, Result, Schema } from "effect"
import { following, noUsage, Reply } from "../claude/Message.ts"

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

const { isObject, isString } = Predicate
const isStringOrNull = (value: unknown): boolean => isString(value) || value === null

const counts = Object.keys(noUsage)

/** Usage of a reply that one model gave at once: counts alone. */
const isPlainUsage = (value: unknown): boolean =>
  isObject(value) &&
  Object.keys(value).length === counts.length &&
  counts.every((name) => Number.isSafeInteger(value[name as never]))

/** Whether it is a reply as nearly all are; of any other only the schema knows. A resume checks thousands, in a tenth of the time. */
const isPlain = (value: unknown): value is Reply => {
  if (!isObject(value)) return false
  const { content, headers, id, model, requestId = "", stopReason, stopSequence, usage, ...others } = value as Json
  return (
    [id, model, requestId].every(isString) &&
    [stopReason, stopSequence].every(isStringOrNull) &&
    Array.isArray(content) &&
    content.every((block) => isObject(block) && "type" in block && isString(block.type)) &&
    isPlainUsage(usage) &&
    [headers, others].every((none) => isObject(none) && Object.keys(none).length === 0)
  )
}

type Json = Readonly<Record<string, unknown>>

/** The reply that is kept as JSON; `undefined` of what is none. */
export const replyOf = (json: string): Reply | undefined => {
  const parsed = Result.getOrUndefined(Result.try((): unknown => JSON.parse(json)))
  return isPlain(parsed) || isReply(parsed) ? parsed : undefined
}

/** The last reply of each entry with those before it, in their order; one that continues a paused turn with the parts before it. */
export const repliesOf = (rows: ReadonlyArray<TurnRow>): ReadonlyArray<Replied> => {
  const replies = new Map<number, Replied>()
  for (const { at, ask, entry, isStructured, part, reply: json, run } of rows) {
    const reply = replyOf(json)
    if (reply === undefined) continue
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

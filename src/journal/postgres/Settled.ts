/** How items of the queue ended, as rows. */
import { Result, Schema } from "effect"
import { AskError } from "../../claude/AskError.ts"
import { Reply } from "../../claude/Message.ts"
import type { Row } from "../Journal.ts"
import { type Outcome, runOf, type Settled } from "../Shared.ts"

const encodeError = Schema.encodeSync(Schema.fromJsonString(AskError))
const decodeError = Schema.decodeUnknownResult(Schema.fromJsonString(AskError))
const decodeReply = Schema.decodeUnknownResult(Schema.fromJsonString(Reply))

/** The row of an end; the reply is that of its turn. */
export const settledOf = (run: string, { at, item, outcome }: Extract<Row, { readonly _tag: "Settled" }>): object => ({
  item,
  run,
  state: outcome._tag,
  at: Math.trunc(at),
  ...(outcome._tag === "Replied" && { n: outcome.entry, turn: outcome.turn }),
  ...(outcome._tag === "Failed" && { error: encodeError(outcome.error) })
})

/** An end with its reply. */
export interface SettledRow {
  readonly item: string
  readonly state: string
  readonly error: string | null
  readonly reply: string | null
  readonly at: bigint
}

export const columns = "s.item, s.state, s.error, t.reply, coalesce(t.at, s.at) AS at"
export const from =
  "settled s LEFT JOIN turn t ON s.state = 'Replied' AND t.run = s.run AND t.n = s.n AND t.turn = s.turn"

/** None where it cannot be read: the item has not ended then, and is asked again. */
export const of = ({ at, error, item, reply, state }: SettledRow): ReadonlyArray<Settled> => {
  const outcome = outcomeOf(state, error, reply, Number(at))
  return outcome === undefined ? [] : [{ item, run: runOf(item), outcome }]
}

const outcomeOf = (state: string, error: string | null, reply: string | null, at: number): Outcome | undefined => {
  if (state === "Withdrawn") return { _tag: "Withdrawn" }
  if (state === "Failed") {
    const decoded = decodeError(error)
    return Result.isSuccess(decoded) ? { _tag: "Failed", error: decoded.success } : undefined
  }
  const decoded = decodeReply(reply)
  return Result.isSuccess(decoded) ? { _tag: "Replied", reply: decoded.success, at } : undefined
}

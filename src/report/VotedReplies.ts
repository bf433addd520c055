/** The replies of votes that a journal has, as one reply of their ask. */
import { Result } from "effect"
import { type Reply, textOf } from "../claude/Message.ts"
import type { Replied } from "../journal/Replies.ts"
import type { Agreement } from "../pipeline/Agreement.ts"
import * as JoinedVotes from "../pipeline/JoinedVotes.ts"
import * as Majority from "../pipeline/Majority.ts"
import type { Voted } from "./AskState.ts"

/** One whose votes were counted has what they agree in. */
export interface RepliedAsk extends Replied {
  readonly agreement?: Agreement
}

/** No name of an ask has a full stop. */
const voteName = /^(.+)\.(\d+)$/

/** All replies, with one in the place of those of the votes of an ask. `votedOf`: what was counted when the answer was made. */
export const joined = (
  replies: ReadonlyArray<Replied>,
  votedOf: (ask: string) => Voted | undefined
): ReadonlyArray<RepliedAsk> => {
  const votes = new Map<string, Array<readonly [nth: number, vote: Replied]>>()
  for (const replied of replies) {
    const [, of, nth] = replied.part === "ask" ? (voteName.exec(replied.ask) ?? []) : []
    if (of === undefined || !isAnswer(replied.reply)) continue
    const known = votes.get(of)
    if (known === undefined) votes.set(of, [[Number(nth), replied]])
    else known.push([Number(nth), replied])
  }
  if (votes.size === 0) return replies
  const others = replies.filter(({ ask, part }) => part !== "ask" || (!voteName.test(ask) && !votes.has(ask)))
  const asks = Array.from(votes, ([ask, found]) => {
    const voted = votedOf(ask)
    const counted = found.toSorted(([a], [b]) => a - b).map(([, vote]) => vote)
    const joining = replies.find((replied) => replied.part === "ask" && replied.ask === ask)
    return oneOf(ask, counted, joining, voted ?? { votes: found.length, answered: found.length, agreeing: 1 })
  })
  return [...others, ...asks]
}

const isAnswer = ({ stopReason }: Reply): boolean =>
  stopReason !== "max_tokens" && stopReason !== "refusal" && stopReason !== "model_context_window_exceeded"

const oneOf = (
  ask: string,
  votes: ReadonlyArray<Replied>,
  joining: Replied | undefined,
  { agreeing, answered, fields, votes: count }: Voted
): RepliedAsk => {
  const first = votes[0]!
  const agreement = { votes: count, answered, agreeing, ...(fields !== undefined && { fields }) }
  if (first.isStructured) {
    const values = votes.map(({ reply }) => jsonOf(reply))
    const { agreement: counted, best, value } = Majority.of(values)
    // Of a majority that fits no schema, the answer is the best vote, and so are the counts.
    const isMajority = fields === undefined || JSON.stringify(fields) === JSON.stringify(counted.fields)
    const { dissent } = isMajority ? counted : best.agreement
    const text = JSON.stringify(isMajority ? value : values[best.nth])
    return { ...first, ask, reply: withText(first.reply, text), agreement: { ...agreement, dissent } }
  }
  const made = joining && JoinedVotes.decode(jsonOf(joining.reply))
  if (made === undefined) return { ...first, ask, agreement: { ...agreement, dissent: [] } }
  const { agreement: counted, text } = JoinedVotes.textOf(made, count)
  const reply = withText(joining!.reply, text)
  return { ...joining!, isStructured: false, reply, agreement: { ...agreement, dissent: counted.dissent } }
}

const withText = (reply: Reply, text: string): Reply => ({ ...reply, content: [{ type: "text", text }] })

/** The JSON of a structured answer may lie in text around it; where it is none, the text is the value. */
export const jsonOf = (reply: Reply): unknown => {
  const text = textOf(reply)
  return Result.getOrElse(
    Result.try((): unknown => JSON.parse(text.slice(text.search(/[[{]/)))),
    () => text
  )
}

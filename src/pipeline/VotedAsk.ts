/** Asks the same several times at once, and makes one answer of the votes. */
import { Effect, Exit } from "effect"
import { AskError, NoAgreement } from "../claude/AskError.ts"
import * as Call from "../claude/Call.ts"
import type { Claude } from "../claude/Claude.ts"
import * as Event from "../claude/Event.ts"
import { addUsage, type Block, type Reply, textOf } from "../claude/Message.ts"
import type { PaidUsage } from "../claude/PaidUsage.ts"
import type { Agreement } from "./Agreement.ts"
import { candidates } from "./AnswerJson.ts"
import { type AskData, type Format, modelsOf } from "./AskData.ts"
import { Defaults } from "./AskOptions.ts"
import * as JoinedVotes from "./JoinedVotes.ts"
import * as Majority from "./Majority.ts"
import * as RunAsk from "./RunAsk.ts"
import type { Votes } from "./VotesOption.ts"

type Answer<A> = RunAsk.Answer<A>

/**
 * As `RunAsk.resolve`. The votes are calls of their own, `NAME.1` and so on. Ends with the error of a vote as soon as so many have
 * failed that `atLeast` cannot be reached; fails with `NoAgreement` where fewer agree.
 */
export const resolve = <A, R>(
  ask: AskData<A, R>,
  votes: Votes,
  onEnd: (exit: Exit.Exit<Answer<A>, AskError>) => Effect.Effect<unknown>,
  name?: string
): Effect.Effect<Answer<A>, AskError, Claude | R> =>
  Effect.withFiber((fiber) => {
    const own = name ?? fiber.getRef(Call.Current).ask
    return RunAsk.observed(ask, (startedAt, paid) => counted(ask, votes, own, startedAt, paid), onEnd, own)
  })

const counted = Effect.fnUntraced(function* <A, R>(
  ask: AskData<A, R>,
  votes: Votes,
  name: string,
  startedAt: number,
  paid: PaidUsage
): Effect.fn.Return<Answer<A>, AskError, Claude | R> {
  const failed = (error: AskError) => paid.inError(error)
  const answers = yield* Effect.mapError(votesOf(ask, votes, name), failed)
  const joined = yield* Effect.mapError(joinedOf(ask, answers, name, votes.count, startedAt), failed)
  const agreement = { votes: votes.count, answered: answers.length, ...joined.agreement }
  const { dissent: _, ...counts } = agreement
  yield* Event.emit({ _tag: "Voted", ...counts })
  if (agreement.agreeing < votes.atLeast) return yield* failed(errorOf(agreement, votes, joined.reply))
  const { reply, usage, value } = joined
  return { ...(yield* RunAsk.timed({ value, reply, usage }, startedAt)), agreement }
})

/** The answers of the votes that came, in the order of their numbers. */
const votesOf = Effect.fnUntraced(function* <A, R>(
  { format, options, question }: AskData<A, R>,
  { atLeast, count }: Votes,
  name: string
): Effect.fn.Return<ReadonlyArray<Answer<A>>, AskError, Claude | R> {
  let failures = 0
  const voteOf = (nth: number) => {
    const vote = { of: name, nth, count }
    // `RunAsk` sends an ask once, whatever its `votes` are.
    const one = { question, options, format, synthesized: undefined, vote }
    return Effect.matchEffect(RunAsk.resolve(one, undefined, `${name}.${nth}`), {
      onFailure: (error) => (++failures > count - atLeast ? Effect.fail(error) : Effect.succeed([])),
      onSuccess: (answer) => Effect.succeed([answer])
    })
  }
  const numbers = Array.from({ length: count }, (_, index) => index + 1)
  return (yield* Effect.forEach(numbers, voteOf, { concurrency: "unbounded" })).flat()
})

interface Joined<A> extends Pick<Answer<A>, "value" | "reply" | "usage"> {
  readonly agreement: Pick<Agreement, "agreeing" | "fields" | "dissent">
}

const joinedOf = <A, R>(
  ask: AskData<A, R>,
  answers: ReadonlyArray<Answer<A>>,
  name: string,
  count: number,
  startedAt: number
): Effect.Effect<Joined<A>, AskError, Claude | R> => {
  const { format } = ask
  return format._tag === "Object"
    ? majorityOf(format.decode, answers)
    : proseOf(ask, format.value, answers, name, count, startedAt)
}

/** The sum of what the answers used. */
const usageOf = (answers: ReadonlyArray<Answer<unknown>>) => answers.map(({ usage }) => usage).reduce(addUsage)

/** A reply with another text, and the sources of all votes. */
const withText = (reply: Reply, text: string, answers: ReadonlyArray<Answer<unknown>>): Reply => {
  const citations = answers.flatMap(({ reply }) =>
    reply.content.flatMap((block) =>
      Array.isArray(block.citations) ? (block.citations as ReadonlyArray<unknown>) : []
    )
  )
  const block: Block = { type: "text", text, ...(citations.length > 0 && { citations }) }
  return { ...reply, content: [block] }
}

/** Where the fields of several votes fit the schema only apart, the answer is that of the vote which agrees in most of them. */
const majorityOf = Effect.fnUntraced(function* <A, R>(
  decode: Extract<Format<A, R>, { readonly _tag: "Object" }>["decode"],
  answers: ReadonlyArray<Answer<A>>
): Effect.fn.Return<Joined<A>, never, R> {
  const values = yield* Effect.forEach(answers, ({ reply }) => jsonOf(decode, reply))
  const { agreement, best, value: json } = Majority.of(values)
  const { reply, value } = answers[best.nth]!
  const usage = usageOf(answers)
  const decoded = yield* Effect.exit(Effect.catchDefect(decode(json), (defect) => Effect.fail(String(defect))))
  return Exit.isSuccess(decoded)
    ? { value: decoded.value, reply: withText(reply, JSON.stringify(json), answers), usage, agreement }
    : { value, reply, usage, agreement: best.agreement }
})

/** The JSON that the answer was decoded from. */
const jsonOf = Effect.fnUntraced(function* <A, R>(
  decode: (json: unknown) => Effect.Effect<A, string, R>,
  reply: Reply
): Effect.fn.Return<unknown, never, R> {
  const [first, ...others] = candidates(reply)
  for (const { json } of others.length === 0 ? [] : [first!, ...others]) {
    if (Exit.isSuccess(yield* Effect.exit(decode(json)))) return json
  }
  return first?.json
})

const comparedText = (text: string): string => text.trim().replace(/\s+/g, " ")

const proseOf = Effect.fnUntraced(function* <A, R>(
  ask: AskData<A, R>,
  valueOf: (text: string) => A,
  answers: ReadonlyArray<Answer<A>>,
  name: string,
  count: number,
  startedAt: number
): Effect.fn.Return<Joined<A>, AskError, Claude | R> {
  const [first] = answers
  const usage = usageOf(answers)
  const texts = answers.map(({ reply }) => textOf(reply))
  if (new Set(texts.map(comparedText)).size === 1) {
    const { reply, value } = first!
    return {
      value,
      reply: withText(reply, texts[0]!, answers),
      usage,
      agreement: { agreeing: texts.length, dissent: [] }
    }
  }
  const defaults = yield* Defaults
  const joining = JoinedVotes.askOf(ask.question, texts, {
    maxTokens: ask.options.maxTokens ?? defaults.maxTokens,
    models: modelsOf(ask, defaults)
  })
  const asked = RunAsk.answerAlone(joining, startedAt).pipe(
    Effect.updateService(Call.Current, (call) => ({ ...call, vote: { of: name, nth: 0, count } }))
  )
  const { reply, usage: joiningUsage, value } = yield* asked
  const { agreement, text } = JoinedVotes.textOf(value, count)
  return {
    value: valueOf(text),
    reply: withText(reply, text, answers),
    usage: addUsage(usage, joiningUsage),
    agreement
  }
})

const errorOf = (
  { agreeing, answered, fields = {} }: Agreement,
  { atLeast, count }: Votes,
  { model }: Reply
): AskError =>
  new AskError({
    reason: new NoAgreement({
      votes: count,
      agreeing,
      atLeast,
      fields: Object.fromEntries(Object.entries(fields).filter(([, votes]) => votes < atLeast)),
      ...(answered < count && { answered })
    }),
    model
  })

/** Runs an ask, and where it is a synthesis of more than one request holds, first the folds that it is made of. */
import { Effect, Exit, Semaphore } from "effect"
import { AskError, Unfoldable } from "../claude/AskError.ts"
import type { Claude } from "../claude/Claude.ts"
import { type Reply, textOf } from "../claude/Message.ts"
import * as TokenCounter from "../claude/TokenCounter.ts"
import type * as FoldTree from "../cost/FoldTree.ts"
import * as WorstCase from "../cost/WorstCase.ts"
import { type AskData, type Format, requestOf, type Synthesized } from "./AskData.ts"
import type { Options } from "./AskOptions.ts"
import type { AnsweredFinding, Folding, FoldInput } from "./Folding.ts"
import * as RunAsk from "./RunAsk.ts"
import { foldPromptOf, type Folded, promptOf, promptOfParts, withContradictions } from "./SynthesisPrompt.ts"

type Answer<A> = RunAsk.Answer<A>

/**
 * As `RunAsk.resolve`. A fold that fails is a gap of the document, by the names of its asks; where all of them fail, so does the
 * synthesis. A fold begins as soon as what it reads is there.
 */
export const resolve = <A, R>(
  ask: AskData<A, R>,
  onEnd: (exit: Exit.Exit<Answer<A>, AskError>) => Effect.Effect<unknown> = () => Effect.void,
  name?: string
): Effect.Effect<Answer<A>, AskError, Claude | R> => {
  const folding = ask.synthesized?.folding
  if (folding === undefined) return RunAsk.resolve(ask, onEnd, name)
  const { closeTo } = folding
  if (closeTo === undefined) return folded(ask, folding, onEnd, name)
  return Effect.gen(function* () {
    const one = inOne(ask, folding)
    const counter = yield* TokenCounter.Current
    const tokens = counter && (yield* counter(requestOf(one)))
    return yield* tokens !== undefined && tokens <= closeTo
      ? RunAsk.resolve(one, onEnd, name)
      : folded(ask, folding, onEnd, name)
  })
}

/** The document in one request with all findings. */
const inOne = <A, R>(ask: AskData<A, R>, folding: Folding): AskData<A, R> => {
  const { answered, contradictions = [], gaps, instruction } = folding
  const findings = [...answered, ...gaps].toSorted((a, b) => a.index - b.index)
  const question = promptOf(withContradictions(instruction, contradictions), { findings, gaps })
  return { ...ask, question, synthesized: { ...ask.synthesized!, folding: undefined } }
}

const folded = <A, R>(
  ask: AskData<A, R>,
  folding: Folding,
  onEnd: (exit: Exit.Exit<Answer<A>, AskError>) => Effect.Effect<unknown>,
  name: string | undefined
): Effect.Effect<Answer<A>, AskError, Claude | R> => {
  const { tree } = folding
  const failed = (error: AskError) => Effect.onExit(Effect.fail(error), onEnd)
  if (typeof tree === "string") return failed(new AskError({ reason: new Unfoldable({ detail: tree }) }))
  return Effect.gen(function* () {
    const gate = yield* Semaphore.make(maxFolds)
    const parts = yield* Effect.forEach(tree.parts, (part) => readPart(ask, folding, part, gate), {
      concurrency: "unbounded"
    })
    const { error, missing, read } = sorted(parts)
    if (error !== undefined) return yield* failed(error)
    const document = { ...ask, ...documentOf(ask, folding, tree.levels, read, missing) }
    return yield* RunAsk.resolve(document, onEnd, name)
  })
}

/** How many folds are under way at once: their prompts are in memory, and few accounts let more of that size pass in a minute. */
const maxFolds = 128

/** What a fold reads: an answer, or the text of a lower fold. `asks`: those that it stands for; `missing`: those that it lacks. */
interface Read {
  readonly _tag: "Read"
  readonly block: AnsweredFinding | Folded
  readonly reply: Reply
  readonly asks: ReadonlyArray<string>
  readonly missing: ReadonlyArray<string>
}

/** A fold without a text. */
interface Lost {
  readonly _tag: "Lost"
  readonly asks: ReadonlyArray<string>
  readonly error: AskError
}

type Found = Read | Lost

/** What there is to read, the asks that nothing stands for, and why the first of the lost folds failed. */
const sorted = (found: ReadonlyArray<Found>) => {
  const read = found.filter((part) => part._tag === "Read")
  const lost = found.filter((part) => part._tag === "Lost")
  const missing = read.flatMap((part) => part.missing).concat(lost.flatMap(({ asks }) => asks))
  return { read, missing, error: read.length === 0 ? lost[0]?.error : undefined }
}

const readPart = <A, R>(
  ask: AskData<A, R>,
  folding: Folding,
  part: number | FoldTree.Fold,
  gate: Semaphore.Semaphore
): Effect.Effect<Found, never, Claude | R> => {
  if (typeof part !== "number") return foldOf(ask, folding, part, gate)
  const block = folding.answered[part]!
  return Effect.succeed({ _tag: "Read", block, reply: block.outcome.reply, asks: [block.name], missing: [] })
}

const foldOf = Effect.fnUntraced(function* <A, R>(
  ask: AskData<A, R>,
  folding: Folding,
  { level, nth, parts }: FoldTree.Fold,
  gate: Semaphore.Semaphore
): Effect.fn.Return<Found, never, Claude | R> {
  const found = yield* Effect.forEach(parts, (part) => readPart(ask, folding, part, gate), { concurrency: "unbounded" })
  const { error, missing, read } = sorted(found)
  if (error !== undefined) return { _tag: "Lost", asks: missing, error }
  const asks = read.flatMap((part) => part.asks)
  const name = `synthesis.${level}.${nth}`
  // The prompt is made when its turn has come: those of all folds together are as large as all answers.
  const folded = Effect.suspend(() => {
    const { instruction, maxTokens } = folding
    const prompt = foldPromptOf(
      instruction,
      read.map(({ block }) => block),
      maxTokens,
      sizeOf(read).tokens
    )
    const synthesized: Synthesized = {
      ...ask.synthesized!,
      folding: undefined,
      cited: undefined,
      fold: { name, level, instruction, asks, folded: sizeOf(read) }
    }
    return RunAsk.resolve({
      question: prompt,
      options: foldOptions(ask.options, folding),
      format: asText,
      synthesized
    })
  })
  const exit = yield* Effect.result(Semaphore.withPermit(gate, folded))
  if (exit._tag === "Failure") return { _tag: "Lost", asks: [...asks, ...missing], error: exit.failure }
  const { reply } = exit.success
  return { _tag: "Read", block: { name, asks, text: textOf(reply) }, reply, asks, missing }
})

/** The settings of the synthesis, but for what belongs to the document alone; another model may not know its `effort`. */
const foldOptions = (
  { stopSequences: _stop, webSearch: _search, tools: _tools, effort, ...options }: Options,
  { maxTokens, model }: Folding
): Options => ({
  ...options,
  maxTokens,
  ...(model !== undefined ? { model } : effort !== undefined && { effort })
})

const asText: Format<string, never> = { _tag: "Text", value: (text) => text }

const documentOf = <A, R>(
  { synthesized }: AskData<A, R>,
  { answered, contradictions = [], gaps, instruction }: Folding,
  level: number,
  read: ReadonlyArray<Read>,
  missing: ReadonlyArray<string>
): Pick<AskData<A, R>, "question" | "synthesized"> => {
  const isMissing = new Set(missing)
  const unread = answered
    .filter(({ name }) => isMissing.has(name))
    .map(({ index, name, question }): FoldInput => ({ index, name, question, outcome: { _tag: "Interrupted" } }))
  const asks = read.flatMap((part) => part.asks)
  return {
    question: promptOfParts(
      withContradictions(instruction, contradictions),
      read.map(({ block }) => block),
      [...gaps, ...unread].toSorted((a, b) => a.index - b.index)
    ),
    synthesized: {
      ...synthesized!,
      folding: undefined,
      cited: synthesized?.cited && {
        answered: synthesized.cited.answered.filter((name) => !isMissing.has(name)),
        gaps: [...synthesized.cited.gaps, ...missing]
      },
      fold: { name: "synthesis", level, instruction, asks, folded: sizeOf(read) }
    }
  }
}

const sizeOf = (read: ReadonlyArray<Read>): WorstCase.Answer =>
  read.map(({ reply }) => WorstCase.answerOf(reply)).reduce(WorstCase.addAnswers, { tokens: 0, bytes: 0 })

/** Compares the answers that a synthesis reads before it is asked for, and lets it settle what they contradict each other in. */
import { Effect, Exit } from "effect"
import { AskError, Contradictory } from "../claude/AskError.ts"
import * as Call from "../claude/Call.ts"
import type { Claude } from "../claude/Claude.ts"
import { type Contradiction, textOf } from "../claude/Contradiction.ts"
import * as Event from "../claude/Event.ts"
import { textOf as textOfReply } from "../claude/Message.ts"
import * as WorstCase from "../cost/WorstCase.ts"
import * as AnswerFormat from "../schema/AnswerFormat.ts"
import type { AskData, Format, Synthesized } from "./AskData.ts"
import * as Comparison from "./Comparison.ts"
import * as FoldLevels from "./FoldLevels.ts"
import type { AnsweredFinding } from "./Folding.ts"
import * as RunAsk from "./RunAsk.ts"
import { withContradictions } from "./SynthesisPrompt.ts"

type Answer<A> = RunAsk.Answer<A>

/** As `FoldLevels.resolve`; the answer of a synthesis has what its comparison has found. A comparison that fails ends nothing. */
export const resolve = <A, R>(
  ask: AskData<A, R>,
  onEnd: (exit: Exit.Exit<Answer<A>, AskError>) => Effect.Effect<unknown> = () => Effect.void,
  name?: string
): Effect.Effect<Answer<A>, AskError, Claude | R> => {
  const { synthesized } = ask
  const comparing = synthesized?.comparing
  // Nothing is paid for a synthesis whose answers fit into no fold.
  const { closeTo, tree } = synthesized?.folding ?? {}
  const isUnfoldable = typeof tree === "string" && closeTo === undefined
  if (synthesized === undefined || comparing === undefined || isUnfoldable) return FoldLevels.resolve(ask, onEnd, name)
  return Effect.gen(function* () {
    const compared = yield* Effect.forEach(
      comparing.groups,
      (group, index) => compare(ask, synthesized, comparing, group, index + 1),
      { concurrency: "unbounded" }
    )
    const contradictions = [...comparing.known, ...compared.flatMap(({ found }) => found)]
    const uncompared = compared.flatMap(({ lost }) => lost)
    const inSynthesis = { run: synthesized.run, ask: "synthesis", part: "synthesis" } as const
    yield* Effect.forEach(contradictions, (each) => Event.emit({ _tag: "Contradicted", ...each })).pipe(
      Effect.updateService(Call.Current, (call) => ({ ...call, ...inSynthesis }))
    )
    const more = { contradictions, ...(uncompared.length > 0 && { uncompared }) }
    const ending = (exit: Exit.Exit<Answer<A>, AskError>) => onEnd(Exit.map(exit, (answer) => ({ ...answer, ...more })))
    const answer = yield* FoldLevels.resolve(
      contradictions.length === 0 ? ask : settling(ask, contradictions),
      ending,
      name
    )
    return { ...answer, ...more }
  })
}

/** The synthesis whose instruction says what is to be settled; of a tree, that of the document. */
const settling = <A, R>(ask: AskData<A, R>, contradictions: ReadonlyArray<Contradiction>): AskData<A, R> => {
  const { synthesized } = ask
  const folding = synthesized?.folding
  if (folding === undefined) return { ...ask, question: withContradictions(ask.question, contradictions) }
  return { ...ask, synthesized: { ...synthesized!, folding: { ...folding, contradictions } } }
}

interface Compared {
  readonly found: ReadonlyArray<Contradiction>
  /** The asks whose answers were not compared. */
  readonly lost: ReadonlyArray<string>
}

const compare = <A, R>(
  ask: AskData<A, R>,
  synthesized: Synthesized,
  { known }: Comparison.Comparing,
  group: ReadonlyArray<AnsweredFinding>,
  nth: number
): Effect.Effect<Compared, never, Claude> =>
  Effect.suspend(() => {
    const asks = group.map(({ name }) => name)
    const folded = group.map(({ outcome }) => WorstCase.answerOf(outcome.reply)).reduce(WorstCase.addAnswers)
    const options = Comparison.optionsOf({ ...ask.options, model: ask.options.model! })
    const comparison: AskData<typeof Comparison.Compared.Type> = {
      question: Comparison.promptOf(group, known),
      options,
      format: format(),
      synthesized: {
        run: synthesized.run,
        asks: synthesized.asks,
        answered: synthesized.answered,
        fold: { name: `comparison.${nth}`, level: 0, instruction: "Compare the answers.", asks, folded }
      }
    }
    return Effect.match(RunAsk.resolve(comparison), {
      onFailure: (): Compared => ({ found: [], lost: asks }),
      onSuccess: ({ value }): Compared => ({ found: Comparison.believed(value, group), lost: [] })
    })
  })

const format = () =>
  ({ _tag: "Object", ...AnswerFormat.of(Comparison.Compared) }) as Format<typeof Comparison.Compared.Type, never>

/** Fails where `contradictions` is `fail` and there are some, or where answers were not compared; the document is in the error. */
export const agreed = <A, R>(
  { options, synthesized }: AskData<A, R>,
  answer: Answer<A>
): Effect.Effect<Answer<A>, AskError> => {
  const error = disagreementOf(synthesized?.comparing?.mode, answer)
  if (error === undefined) return Effect.succeed(answer)
  const { reply, usage } = answer
  const model = reply.model ?? options.model
  return Effect.fail(error.with({ usage, model, partialText: textOfReply(reply) }))
}

/** Why answers that contradict each other fail a run with `contradictions: fail`; `undefined` where they do not. */
export const disagreementOf = (
  mode: Comparison.Comparing["mode"] | undefined,
  { contradictions = [], uncompared = [] }: Pick<Answer<unknown>, "contradictions" | "uncompared">
): AskError | undefined => {
  if (mode !== "fail" || contradictions.length + uncompared.length === 0) return undefined
  return new AskError({ reason: new Contradictory({ contradictions: contradictions.map(textOf), uncompared }) })
}

/** Runs an ask in the way that it is to be run: once, as several votes, or with the folds that it is made of. */
import { Effect, type Exit } from "effect"
import type { AskError } from "../claude/AskError.ts"
import type { Claude } from "../claude/Claude.ts"
import type { AskData } from "./AskData.ts"
import { Defaults } from "./AskOptions.ts"
import * as ComparedAnswers from "./ComparedAnswers.ts"
import * as FoldLevels from "./FoldLevels.ts"
import type { Answer } from "./RunAsk.ts"
import * as VotedAsk from "./VotedAsk.ts"
import { votesOf } from "./VotesOption.ts"

/** As `ComparedAnswers.resolve`, `FoldLevels.resolve` or `VotedAsk.resolve`. */
export const resolve = <A, R>(
  ask: AskData<A, R>,
  onEnd: (exit: Exit.Exit<Answer<A>, AskError>) => Effect.Effect<unknown> = () => Effect.void,
  name?: string
): Effect.Effect<Answer<A>, AskError, Claude | R> =>
  ask.synthesized !== undefined
    ? ComparedAnswers.resolve(ask, onEnd, name)
    : Effect.withFiber((fiber) => {
        const votes = votesOf(ask.options.votes ?? fiber.getRef(Defaults).votes)
        return votes === undefined ? FoldLevels.resolve(ask, onEnd, name) : VotedAsk.resolve(ask, votes, onEnd, name)
      })

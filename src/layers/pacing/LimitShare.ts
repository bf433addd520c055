/**
 * How the processes of one account divide the limits of a model class: each has a share, and all shares together never exceed
 * the whole. One that wants more takes what is free, and gets the rest when the others, a moment later, have given it back.
 */
import { Option, Schema } from "effect"
import type { Held } from "../../scheduling/SharedRegister.ts"
import { Learned } from "./LearnedLimits.ts"

const Share = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))

/** What all calls of a process have taken of each limit since it began. */
const Taken = Schema.Struct({ requests: Schema.Finite, input: Schema.Finite, output: Schema.Finite })
export interface Taken extends Schema.Schema.Type<typeof Taken> {}

export const noneTaken: Taken = { requests: 0, input: 0, output: 0 }

/** `share`: of each limit, from 0 to 1. `wanted`: what it would use, 1 where calls wait for more. */
const LimitShare = Schema.Struct({
  version: Schema.Literal(1),
  share: Share,
  wanted: Share,
  taken: Taken,
  learned: Learned
})
export interface LimitShare extends Schema.Schema.Type<typeof LimitShare> {}

const decode = Schema.decodeUnknownOption(LimitShare)

/** The shares of other processes that can be read: without one of another version, the limits are shared less well. */
export const readable = (held: ReadonlyArray<Held>): ReadonlyArray<LimitShare> =>
  held.flatMap(({ value }) => Option.toArray(decode(value)))

/** What a process keeps in any case, so that its calls go on until the others have made room. */
const minShare = 0.02

/** The share of a process beside others. */
export const shareOf = (wanted: number, others: ReadonlyArray<LimitShare>): number => {
  const free = 1 - others.reduce((sum, { share }) => sum + share, 0)
  return Math.max(
    minShare,
    Math.min(
      fairShare(
        wanted,
        others.map((other) => other.wanted)
      ),
      free
    )
  )
}

/** Nobody gets more than wanted before all have it or as much as everyone else; what nobody wants is divided equally. */
const fairShare = (wanted: number, others: ReadonlyArray<number>): number => {
  const all = [...others, wanted].toSorted((a, b) => a - b)
  let left = 1
  for (const [index, each] of all.entries()) {
    const equal = left / (all.length - index)
    if (each >= equal) return wanted >= equal ? equal : wanted
    left -= each
  }
  return wanted + left / all.length
}

/** What all others have taken. */
export const takenBy = (others: ReadonlyArray<LimitShare>): Taken =>
  others.reduce(
    (sum, { taken }) => ({
      requests: sum.requests + taken.requests,
      input: sum.input + taken.input,
      output: sum.output + taken.output
    }),
    noneTaken
  )

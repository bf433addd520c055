/** What a limit of a model class counts: requests, input tokens or output tokens. */
import { initialInFlight } from "./RateProbe.ts"

/** What an account allows a model class within a minute: requests, input tokens, output tokens. */
export interface AccountLimits {
  readonly rpm?: number | undefined
  readonly itpm?: number | undefined
  readonly otpm?: number | undefined
}

/** What a limit counts: how much of it may leave at once, how `remaining` is rounded, how fast it may be used up. */
export interface Kind {
  /** What may leave at once while no header has reported it, of a limit a minute. */
  readonly burstOf: (limit: number) => number
  /** By how much `remaining` may be rounded up; 0 where single things are counted. */
  readonly rounding: number
  /** How fast a full bucket may be emptied, so that a rejection comes before it is empty. Default: at once. */
  readonly slope?: {
    readonly burstOf: (limit: number) => number
    /** The multiple of the refill rate at which it may be emptied. */
    readonly steepness: number
  }
  /** Counted while it is produced, so that the headers lack what calls under way have yet to produce. */
  readonly isCountedLate?: boolean
}

/**
 * The documentation says that 60 requests a minute may be enforced as one a second. So at most a quarter of a second's worth
 * leaves at once, and eight where that is less, which the smallest accounts seen take.
 */
const burstOf = (rpm: number): number => Math.max(initialInFlight, rpm / 240)
export const requests: Kind = { burstOf, rounding: 0, slope: { burstOf, steepness: 5 } }

/** A minute's worth of tokens may leave at once; the headers report what remains in thousands. */
export const input: Kind = { burstOf: (tpm) => tpm, rounding: 500 }

/** The length of the first replies is unknown, so they do not take the whole of a minute's worth. */
export const output: Kind = { ...input, isCountedLate: true, slope: { burstOf: (tpm) => tpm / 4, steepness: 5 } }

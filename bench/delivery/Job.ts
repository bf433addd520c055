/** The input and the output of a contender of `delivery`, both JSON. */
import type { Policy } from "fanfold"

export const contenders = ["fanfold", "SDK + Promise.all", "SDK + p-limit"] as const
export type Contender = (typeof contenders)[number]

/** The concurrency of p-limit. */
export const pLimitConcurrency = 32

export interface Work {
  readonly asks: number
  /** Minimum and maximum of a prompt's tokens; about ten without it. */
  readonly promptTokens?: readonly [number, number]
  readonly isStreamed?: boolean
  /** Most asks of fanfold in flight; unbounded without it. */
  readonly concurrency?: number
  readonly policy?: Policy.Policy
  /**
   * Milliseconds: `silence` until an attempt's first token and between its chunks, `attempt` for all of an attempt, `ask` for all
   * attempts of an ask. Without it, each contender has its own defaults.
   */
  readonly timeouts?: { readonly silence: number; readonly attempt: number; readonly ask: number }
  /** A run that takes longer counts as failed. */
  readonly patienceSeconds: number
}

/** The same work once for each base URL, all at the same time. */
export interface Job extends Work {
  readonly contender: Contender
  /** The number of the first question, so that several processes ask different ones. */
  readonly from: number
  readonly baseUrls: ReadonlyArray<string>
}

/** How a run ended. `isComplete`: with every answer and the synthesis; `answers`: how many the caller got. */
export interface Ended {
  readonly isComplete: boolean
  readonly answers: number
  readonly wallMillis: number
  readonly failure?: string
}

export interface Question {
  readonly text: string
  readonly system?: string
}

/** Of English text, as the mock counts. */
const charactersPerToken = 4.4
const filler = "What is written here is of no account, and only its length matters to those who count it. "

/** Lengths evenly over the range, the same for every run: as 7,919 is prime, none repeats before all were used. */
const lengthOf = (index: number, [min, max]: readonly [number, number]): number => min + ((index * 7919) % (max - min))

/** The questions of the work. The system prompt fills up the tokens, as the synthesis repeats the text of a question. */
export const questionsOf = ({ asks, from = 0, promptTokens }: Work & Partial<Job>): ReadonlyArray<Question> =>
  Array.from({ length: asks }, (_, index) => {
    const text = `What is the answer to question ${from + index}?`
    if (promptTokens === undefined) return { text }
    const characters = Math.round(lengthOf(index, promptTokens) * charactersPerToken)
    return { text, system: filler.repeat(Math.ceil(characters / filler.length)).slice(0, characters) }
  })

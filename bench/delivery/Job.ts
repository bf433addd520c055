/** What a contender of `delivery` is given, and what it gives back, both as JSON. */
import type { Policy } from "fanfold"

export const contenders = ["fanfold", "SDK + Promise.all", "SDK + p-limit"] as const
export type Contender = (typeof contenders)[number]

/** Calls that p-limit keeps in flight. */
export const places = 32

export interface Work {
  readonly asks: number
  /** Tokens of a prompt, the least and the most; short where nothing is said. */
  readonly promptTokens?: readonly [number, number]
  readonly isStreamed?: boolean
  readonly policy?: Policy.Policy
  /** Milliseconds until an attempt has to begin, to go on and to end; the defaults of each contender where nothing is said. */
  readonly timeouts?: { readonly silence: number; readonly attempt: number; readonly ask: number }
  /** Nobody waits for longer than that. */
  readonly patienceSeconds: number
}

/** The same work once for every base URL, all at the same time. */
export interface Job extends Work {
  readonly contender: Contender
  readonly baseUrls: ReadonlyArray<string>
}

/** How a run ended: `isWhole` with every answer and the synthesis; `answers` are those that its caller has in the end. */
export interface Ended {
  readonly isWhole: boolean
  readonly answers: number
  readonly wallMillis: number
  readonly failure?: string
}

export interface Question {
  readonly text: string
  readonly system?: string
}

/** Of plain English; the mock counts in the same way. */
const charactersPerToken = 4.4
const words = "What is written here is of no account, and only its length matters to those who count it. "

/** Evenly over the range, in an order that repeats itself: as 7,919 is prime, no length comes twice before all have come. */
const lengthOf = (index: number, [least, most]: readonly [number, number]): number =>
  least + ((index * 7919) % (most - least))

/** The system prompt has the length, as a question would come again in the synthesis. */
export const questionsOf = ({ asks, promptTokens }: Work): ReadonlyArray<Question> =>
  Array.from({ length: asks }, (_, index) => {
    const text = `What is the answer to question ${index}?`
    if (promptTokens === undefined) return { text }
    const characters = Math.round(lengthOf(index, promptTokens) * charactersPerToken)
    return { text, system: words.repeat(Math.ceil(characters / words.length)).slice(0, characters) }
  })

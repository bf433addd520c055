/** What is reserved for the synthesis of one run; it grows with the answers that the synthesis will read. */
import type { Vote } from "../../claude/Call.ts"
import type { Request } from "../../claude/Message.ts"
import { addAnswers, type Amount, type Answer, noAmount } from "../../cost/WorstCase.ts"

/** What the synthesis may take at most with so many tokens of answers: of all its models, or of one request of it. */
type MaxOf = (answerTokens: number, sent?: Request) => Amount

const noAnswer: Answer = { tokens: 0, bytes: 0 }

export class SynthesisReserve {
  readonly runId: string
  /** The run has a synthesis, and all of its answers so far are counted. */
  readonly isComplete: boolean
  readonly #maxOf: MaxOf
  readonly #answers = new Map<string, Answer>()
  #known: Answer = noAnswer
  #expectedTokens = 0
  /** The synthesis is sent: its attempts are reserved as those of every other call. */
  isSent = false

  constructor(runId: string, isComplete: boolean, maxOf: MaxOf) {
    this.runId = runId
    this.isComplete = isComplete
    this.#maxOf = maxOf
  }

  /** Tokens of the answers that asks under way may bring. */
  get expectedTokens(): number {
    return this.#expectedTokens
  }

  /** How many answers are known; all of the journal are one. */
  get answers(): number {
    return this.#answers.size
  }

  /** All answers so far. */
  get known(): Answer {
    return this.#known
  }

  /** What a request for the synthesis of the known answers may take, with so many tokens more. */
  forDocument(moreTokens: number, sent: Request): Amount {
    return this.#maxOf(this.#known.tokens + moreTokens, sent)
  }

  /** What to reserve for the answers that are known, and `moreTokens`. */
  reserveForKnown(moreTokens = 0): Amount {
    return this.isSent ? noAmount : this.#maxOf(this.#known.tokens + moreTokens)
  }

  /** What to reserve for the answers that are known or under way, and `moreTokens`. */
  reserveForAll(moreTokens: number): Amount {
    return this.reserveForKnown(this.#expectedTokens + moreTokens)
  }

  /** An ask that may bring so many tokens is under way; a negative number says that it has ended. */
  expect(tokens: number): void {
    this.#expectedTokens += tokens
  }

  /** Votes that have been joined are no answers of their own any more. */
  forgetVotes({ count, of }: Vote): void {
    for (let nth = 1; nth <= count; nth++) {
      if (this.#answers.has(`${of}.${nth}`)) this.put(`${of}.${nth}`, noAnswer, false)
    }
  }

  /** Counts an ask's answer in the place of an earlier one, or in addition where its turn was continued. */
  put(ask: string, { bytes, tokens }: Answer, isContinued: boolean): void {
    const before = this.#answers.get(ask) ?? noAnswer
    const after = isContinued ? addAnswers(before, { tokens, bytes }) : { tokens, bytes }
    this.#answers.set(ask, after)
    this.#known = {
      tokens: this.#known.tokens + after.tokens - before.tokens,
      bytes: this.#known.bytes + after.bytes - before.bytes
    }
  }
}

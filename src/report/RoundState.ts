/** The rounds of a run after the first, folded from its events. */
import type { RoundEvent } from "../claude/Event.ts"

/** A round after the first: its asks, and why it brought nothing; null where it brought answers, or nothing was open. */
export interface Round {
  readonly round: number
  readonly asks: ReadonlyArray<string>
  readonly message: string | null
}

export class RoundStates {
  readonly #rounds: Array<Round> = []

  /** In their order. */
  get all(): ReadonlyArray<Round> {
    return this.#rounds
  }

  add(event: RoundEvent): void {
    const { round } = event
    const known = this.#rounds.findIndex((each) => each.round === round)
    const added: Round =
      event._tag === "RoundPlanned"
        ? { round, asks: event.asks, message: null }
        : { round, asks: this.#rounds[known]?.asks ?? [], message: event.message }
    this.#rounds.splice(known < 0 ? this.#rounds.length : known, 1, added)
  }
}

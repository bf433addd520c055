/** A register in the memory of a test, whose processes may be killed or cut off, and whose answers take a time. */
import { Clock, Effect } from "effect"
import {
  type Decision,
  type Held,
  type Member,
  RegisterError,
  type SharedRegister
} from "../src/scheduling/SharedRegister.ts"

interface Entry {
  readonly value: string
  readonly at: number
}

/** `delayMillis`: how long an exchange takes, before and after its one step. */
export const make = (delayMillis = 0) => {
  const names = new Map<string, Map<number, Entry>>()
  let members = 0
  const pause = delayMillis === 0 ? Effect.void : Effect.sleep(delayMillis)

  /** The register as one more process has it. */
  const join = () => {
    const state = { isKilled: false, isAway: false, exchanges: 0 }
    const step = Effect.fnUntraced(function* <A>(
      own: number,
      name: string,
      decide: (others: ReadonlyArray<Held>) => Decision<A>,
      maxAgeMillis: number
    ) {
      yield* pause
      if (state.isKilled) return yield* Effect.never
      if (state.isAway) return yield* new RegisterError({ message: "the register is away" })
      state.exchanges++
      const now = yield* Clock.currentTimeMillis
      const entries = names.get(name) ?? new Map<number, Entry>()
      names.set(name, entries)
      for (const [process, { at }] of entries) if (now - at > maxAgeMillis) entries.delete(process)
      const others = [...entries].flatMap(([process, { at, value }]) =>
        process === own ? [] : [{ value: JSON.parse(value) as unknown, ageMillis: now - at }]
      )
      const { result, value } = decide(others)
      if (value === undefined) entries.delete(own)
      else entries.set(own, { value: JSON.stringify(value), at: now })
      yield* pause
      if (state.isKilled) return yield* Effect.never
      return result
    })
    const register: SharedRegister = {
      join: Effect.sync((): Member => {
        const own = ++members
        return {
          exchange: (name, decide, maxAgeMillis = Number.POSITIVE_INFINITY) => step(own, name, decide, maxAgeMillis)
        }
      })
    }
    return Object.assign(state, { register })
  }

  /** What all processes hold under a name. */
  const held = (name: string): ReadonlyArray<unknown> =>
    [...(names.get(name)?.values() ?? [])].map(({ value }) => JSON.parse(value) as unknown)

  return { join, held, names: () => [...names.keys()] }
}

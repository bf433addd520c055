/** What processes let each other know by a real database, and that a budget holds by it. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Layer, Schedule } from "effect"
import { SqlClient } from "effect/sql/SqlClient"
import { limitUsd } from "../../../bench/delivery/Budget.ts"
import { type Member, runLive } from "../../../bench/workers/SharedBudget.ts"
import { init } from "../../../src/journal/OpenJournal.ts"
import { layerClient } from "../../../src/journal/postgres/PostgresJournal.ts"
import * as PostgresRegister from "../../../src/journal/postgres/PostgresRegister.ts"
import type { Member as RegisterMember, SharedRegister } from "../../../src/scheduling/SharedRegister.ts"
import { isInstalled, server } from "../../Postgres.ts"

/** The clock of a machine that is ahead. */
const aheadBy = (millis: number): Layer.Layer<never> =>
  Layer.effect(
    Clock.Clock,
    Effect.map(Clock.Clock, (clock) => {
      const now = () => clock.currentTimeMillisUnsafe() + millis
      return Object.assign(Object.create(clock) as Clock.Clock, {
        currentTimeMillisUnsafe: now,
        currentTimeMillis: Effect.sync(now)
      })
    })
  )

/** Time that passes faster, so that the calls of a run take milliseconds. */
const hurriedBy = (factor: number): Layer.Layer<never> =>
  Layer.effect(
    Clock.Clock,
    Effect.map(Clock.Clock, (clock): Clock.Clock => {
      const startedAt = clock.currentTimeMillisUnsafe()
      const now = () => startedAt + factor * (clock.currentTimeMillisUnsafe() - startedAt)
      return Object.assign(Object.create(clock) as Clock.Clock, {
        currentTimeMillisUnsafe: now,
        currentTimeMillis: Effect.sync(now),
        sleep: (duration: Duration.Duration) => clock.sleep(Duration.times(duration, 1 / factor))
      })
    })
  )

/** A register that is cut off once its process is killed, with names of its own. */
const mortal = (register: SharedRegister, suffix: number): Member => {
  const member: Member = {
    isKilled: false,
    register: {
      join: Effect.map(register.join, ({ exchange }) => ({
        exchange: (name, decide, maxAgeMillis) =>
          Effect.suspend(() => (member.isKilled ? Effect.never : exchange(`${name} ${suffix}`, decide, maxAgeMillis)))
      }))
    }
  }
  return member
}

const hurry = 20

/** Makes what nobody writes for 1.5 seconds a minute older: in hurried time, 30 seconds have passed. */
const aging = Effect.gen(function* () {
  const sql = yield* SqlClient
  yield* sql`UPDATE shared SET at = at - interval '1 minute' WHERE at < clock_timestamp() - ${30 / hurry} * interval '1 second'`
}).pipe(Effect.repeat(Schedule.spaced("200 millis")))

describe.skipIf(!isInstalled)("a register in a database", () => {
  const postgres = server()
  const database = Layer.unwrap(
    Effect.suspend(() => {
      const url = postgres().newDatabase()
      return Effect.as(init(url), layerClient(url))
    })
  )
  const register = PostgresRegister.make("postgres://test")
  const join = Effect.flatMap(register, ({ join }) => join)

  it.live("lets one process at a time look and write, so that no sum of all is exceeded", () =>
    Effect.gen(function* () {
      const limit = 60
      let most = 0
      const take = (register: RegisterMember) => {
        let own = 0
        return Effect.forEach(
          Array.from({ length: 25 }),
          () =>
            Effect.map(
              register.exchange("sum", (others) => {
                const total = others.reduce((sum, { value }) => sum + Number(value), own)
                const next = total < limit ? own + 1 : own
                return { value: next, result: [next, total + next - own] as const }
              }),
              ([next, total]) => {
                own = next
                most = Math.max(most, total)
              }
            ),
          { discard: true }
        )
      }
      const members = yield* Effect.all([join, join, join, join])
      yield* Effect.all(members.map(take), { concurrency: "unbounded" })
      assert.strictEqual(most, limit)
    }).pipe(Effect.provide(database))
  )

  it.live("says how old a value is by the database's clock, and forgets what is too old, or was taken back", () =>
    Effect.gen(function* () {
      const [one, two] = yield* Effect.all([join, join])
      const look = (maxAgeMillis?: number) =>
        two.exchange("age", (others) => ({ value: undefined, result: others }), maxAgeMillis)
      const write = (value: unknown) => one.exchange("age", () => ({ value, result: undefined }))
      yield* write({ text: "a" })
      yield* Effect.sleep(50)
      // This process has another time than the database.
      const [held] = yield* Effect.provide(look(), aheadBy(60_000))
      assert.deepStrictEqual(held!.value, { text: "a" })
      assert.isTrue(held!.ageMillis >= 50 && held!.ageMillis < 5000, String(held!.ageMillis))
      assert.lengthOf(yield* look(10), 0)
      assert.lengthOf(yield* look(), 0)
      yield* write("b")
      assert.lengthOf(yield* look(), 1)
      yield* write(undefined)
      assert.lengthOf(yield* look(), 0)
    }).pipe(Effect.provide(database))
  )

  it.live("fails while the database is away, and works when it is back", () =>
    Effect.gen(function* () {
      const register = yield* join
      const write = register.exchange("away", (others) => ({ value: 1, result: others.length }))
      yield* write
      yield* Effect.promise(() => postgres().stop("immediate"))
      const error = yield* Effect.flip(write)
      yield* Effect.promise(() => postgres().start())
      assert.match(error.message, /postgres:\/\/test cannot be used: /)
      assert.strictEqual(yield* Effect.retry(write, { times: 20 }), 0)
    }).pipe(Effect.provide(database))
  )

  it.live(
    "keeps the budget of three processes, whichever of them are killed",
    () =>
      Effect.gen(function* () {
        yield* Effect.forkChild(aging)
        let unfolded = 0
        for (const seed of [0, 1, 2, 3, 4, 5]) {
          const members = yield* Effect.all([register, register, register])
          const mortals = members.map((register) => mortal(register, seed))
          let next = 0
          const { billedUsd, isFolded } = yield* Effect.provide(
            runLive(seed, { processes: 3, kills: seed % 3, join: () => mortals[next++]!, pass: Effect.sleep }),
            hurriedBy(20)
          )
          assert.isAtMost(billedUsd, limitUsd, `seed ${seed}`)
          if (!isFolded) unfolded++
        }
        // A kill between a reply and the write of its cost leaves what was reserved for it counted as spent.
        assert.isAtMost(unfolded, 1)
      }).pipe(Effect.provide(database)),
    60_000
  )
})

/** A journal in memory that several processes share, each by its own opening of it: what the tests of the queue need of one. */
import { Effect, Layer, type Scope } from "effect"
import { PersistedQueue } from "effect/persistence"
import type { BegunRun, Journal, Known, NewRun, Row } from "../../src/journal/Journal.ts"
import { repliesOf } from "../../src/journal/Replies.ts"
import { type Added, itemOf, type Outcome, runOf, type Settled, type Shared } from "../../src/journal/Shared.ts"
import * as MemoryRegister from "../MemoryRegister.ts"

type Entry = Extract<Row, { readonly _tag: "Entry" }> & { readonly run: string }
type Turn = Extract<Row, { readonly _tag: "Turn" }> & { readonly run: string }

/** What the processes share. */
export interface Database {
  readonly store: typeof PersistedQueue.PersistedQueueStore.Service
  readonly entries: Array<Entry>
  readonly turns: Array<Turn>
  readonly ends: Array<string>
  readonly log: Array<{ readonly writer: number; readonly run: string; readonly row: Row }>
  readonly offered: Set<string>
  readonly offers: Array<Parameters<(typeof PersistedQueue.PersistedQueueStore.Service)["offer"]>[0]>
  /** How often workers that died have had each item. */
  deaths: number
  /** Nothing is kept, as after the end of a process. */
  isSealed: boolean
  /** Items that were taken out of the queue by `claim`. */
  readonly claimed: Set<string>
  /** Items that a worker has taken, or that have ended. */
  readonly taken: Set<string>
  readonly register: ReturnType<typeof MemoryRegister.make>
  /** How many queries there were, by their name. */
  readonly queries: Record<string, number>
}

export const database: Effect.Effect<Database, never, Scope.Scope> = Effect.gen(function* () {
  const context = yield* Layer.build(PersistedQueue.layerStoreMemory)
  const inner = yield* Effect.provide(PersistedQueue.PersistedQueueStore, context)
  const [claimed, taken] = [new Set<string>(), new Set<string>()]
  // The store in memory cannot give an item to `claim`, so that one which was claimed is taken and passed over.
  const take: typeof inner.take = (options) =>
    Effect.flatMap(inner.take(options), (item) => {
      if (claimed.has(item.id)) return take(options)
      taken.add(item.id)
      return Effect.as(
        Effect.addFinalizer((exit) => Effect.sync(() => void (exit._tag === "Failure" && taken.delete(item.id)))),
        { ...item, id: item.id.replace("#again", ""), attempts: item.attempts + data.deaths }
      )
    })
  const offered = new Set<string>()
  const offers: Database["offers"] = []
  const offer: typeof inner.offer = (options) =>
    Effect.andThen(
      Effect.sync(() => {
        offered.add(options.id)
        offers.push(options)
      }),
      inner.offer(options)
    )
  const store = { ...inner, offer, take }
  const data: Database = {
    store,
    offered,
    offers,
    isSealed: false,
    deaths: 0,
    entries: [],
    turns: [],
    ends: [],
    log: [],
    claimed,
    taken,
    register: MemoryRegister.make(),
    queries: {}
  }
  return data
})

/** Delivers an item once more, as after the end of a process that had it. The worker gets it by the id that it had. */
export const redeliver = ({ store }: Database, { id, ...offer }: Database["offers"][number]): Effect.Effect<void> =>
  Effect.orDie(store.offer({ ...offer, id: `${id}#again` }))

let writers = 0

/** Opens it for one process. */
export const open = (data: Database): typeof Journal.Service & { readonly shared: Shared } => {
  const writer = writers++
  const query = <A>(name: string, body: () => A): Effect.Effect<A> =>
    Effect.sync(() => {
      data.queries[name] = (data.queries[name] ?? 0) + 1
      return body()
    })
  const turnsOf = (run: string, entry: number): Known["turns"] =>
    data.turns.filter((turn) => turn.run === run && turn.entry === entry).toSorted((a, b) => a.turn - b.turn)
  const outcomeOf = ({ outcome }: Extract<Row, { readonly _tag: "Settled" }>, run: string): Outcome => {
    if (outcome._tag !== "Replied") return outcome
    const turn = turnsOf(run, outcome.entry)[outcome.turn]!
    return { _tag: "Replied", reply: turn.reply, at: turn.at }
  }
  const settledIn = (log: Database["log"]): ReadonlyArray<Settled> =>
    log.flatMap(({ row, run }) =>
      row._tag === "Settled" ? [{ item: row.item, run, outcome: outcomeOf(row, run) }] : []
    )
  const shared: Shared = {
    watch: Effect.never,
    register: data.register.join().register,
    queue: data.store,
    claim: (items, max) =>
      query("claim", () => {
        const free = items.filter((item) => !data.claimed.has(item) && !data.taken.has(item)).slice(0, max)
        for (const item of free) data.claimed.add(item)
        return free.map((item) => ({ item, takes: 0 }))
      }),
    settled: (items) => query("settled", () => settledIn(data.log).filter(({ item }) => items.includes(item))),
    offered: (request, { key, turn }, runs) =>
      query("offered", () => {
        const candidates = data.entries
          .filter((entry) => runs.includes(entry.run) && entry.request.key === request.key)
          .filter(({ ordinal }) => ordinal === request.ordinal)
          .map(({ entry, run }) => itemOf({ run, entry, turn, key }))
        const ended = settledIn(data.log)
        return candidates.find((item) => {
          const end = ended.find((each) => each.item === item)?.outcome._tag
          return end === undefined ? data.offered.has(item) && !data.claimed.has(item) : end === "Replied"
        })
      }),
    unwanted: (items) =>
      query("unwanted", () =>
        settledIn(data.log).flatMap(({ item }) =>
          items.includes(item) || data.ends.includes(runOf(item)) ? [item] : []
        )
      ),
    texts: (hashes) =>
      query(
        "texts",
        () => new Map(data.entries.flatMap(({ request }) => request.texts).filter(([hash]) => hashes.includes(hash)))
      ),
    position: query("position", () => String(data.log.length)),
    added: (runs, since) =>
      query("added", (): Added => {
        const log = data.log.slice(Number(since))
        const all = new Set(runs)
        return {
          events: log.flatMap((each) =>
            each.run === runs[0] && each.writer !== writer && each.row._tag === "Event" ? [each.row.event] : []
          ),
          settled: settledIn(log.filter((each) => all.has(each.run))),
          position: String(data.log.length)
        }
      })
  }
  return {
    place: "memory",
    shared,
    begin: (run: NewRun, { resume }) =>
      Effect.sync((): BegunRun => {
        const unfinished = [...new Set(data.entries.map((entry) => entry.run))].filter((id) => !data.ends.includes(id))
        return { ...run, resumed: resume ? unfinished.toReversed() : [] }
      }),
    unfinished: () => Effect.succeed([]),
    progress: () => Effect.succeed({ answered: new Set(), costUsd: 0, inFlight: [] }),
    find: (key, ordinal, { runs }) =>
      query("find", () => {
        const found = data.entries
          .filter((entry) => runs.includes(entry.run) && entry.request.key === key && entry.ordinal === ordinal)
          .map(({ entry, run }) => ({ run, entry, turns: turnsOf(run, entry) }))
        return found.find(({ turns }) => turns.length > 0)
      }),
    add: (run, rows) => {
      for (const row of data.isSealed ? [] : rows) {
        const isTwice =
          row._tag === "Settled" && data.log.some((each) => each.row._tag === "Settled" && each.row.item === row.item)
        if (isTwice) continue
        data.log.push({ writer, run, row })
        if (row._tag === "Entry") data.entries.push({ ...row, run })
        if (row._tag === "Turn") data.turns.push({ ...row, run })
      }
    },
    written: Effect.void,
    kept: Effect.void,
    end: ({ id, resumed }) => Effect.sync(() => void data.ends.push(id, ...resumed)),
    runs: Effect.succeed([]),
    events: (run) =>
      Effect.sync(() =>
        data.log.flatMap((each) => (each.run === run && each.row._tag === "Event" ? [each.row.event] : []))
      ),
    follow: () => Effect.succeed({ events: [], position: "", end: undefined, isLive: true }),
    replies: (run, asks) =>
      Effect.sync(() =>
        repliesOf(
          data.entries
            .filter((entry) => entry.run === run && (asks?.includes(entry.ask) ?? true))
            .flatMap(({ ask, entry, part }) =>
              turnsOf(run, entry).map(({ at, reply }) => ({
                entry,
                ask,
                part,
                isStructured: false,
                reply: JSON.stringify(reply),
                run,
                at
              }))
            )
        )
      ),
    forget: () => Effect.succeed([]),
    trim: () => Effect.succeed([]),
    bytes: Effect.succeed(0)
  }
}

/** An item of the queue: one turn of an ask, with all that a process of another machine needs to send it. */
import { Effect, Result, Schema } from "effect"
import * as PersistedQueue from "effect/persistence/PersistedQueue"
import * as Call from "../../claude/Call.ts"
import type { Request } from "../../claude/Message.ts"
import * as RequestKey from "../../journal/RequestKey.ts"
import { maxAttempts, type Shared } from "../../journal/Shared.ts"

/** Raised when a worker could misread an item. It is part of the queue's name, so that a worker gets no items of another version. */
export const version = 1

export const QueuedAsk = Schema.Struct({
  version: Schema.Literal(version),
  run: Schema.String,
  entry: Schema.Int,
  turn: Schema.Int,
  /** Of the turn's messages. */
  key: Schema.String,
  /** As the journal stores it, with its long texts by their hash. */
  request: Schema.String,
  /** The hashes of those that the journal has: a document of many asks is there once. */
  stored: Schema.Array(Schema.String),
  /** The other ones, by their hash. */
  texts: Schema.Record(Schema.String, Schema.String),
  call: Call.Call,
  /** Milliseconds since the ask's first request left; absent where none did. Clocks of machines differ. */
  spentMillis: Schema.optionalKey(Schema.Finite),
  /** The options of the layers that send it, as JSON. */
  delivery: Schema.String
})
export interface QueuedAsk extends Schema.Schema.Type<typeof QueuedAsk> {}

/** How often a worker may take an item whose end never came, before it counts as what ends the workers. */
export const maxTakes = 5

/** Everything that a process may take with `source`: whoever answers must be the one that the run asks. */
export const queue = ({ queue: store }: Shared, source: string) =>
  PersistedQueue.makeFactory.pipe(
    Effect.provideService(PersistedQueue.PersistedQueueStore, store),
    Effect.flatMap((factory) =>
      // The worker counts takes itself, as the end of an item must be an outcome that its run reads.
      factory.make({ name: nameOf(source), schema: QueuedAsk, maxAttempts })
    )
  )

/** A name has at most 255 characters. */
const nameOf = (source: string): string => `asks ${version} ${source}`.slice(0, 255)

/** `inJournal`: hashes of texts that need not travel. */
export const written = (
  request: Request,
  inJournal: ReadonlyArray<string>
): Pick<QueuedAsk, "request" | "stored" | "texts"> => {
  const { json, texts } = RequestKey.of(request)
  const known = new Set(inJournal)
  return {
    request: json,
    stored: texts.flatMap(([hash]) => (known.has(hash) ? [hash] : [])),
    texts: Object.fromEntries(texts.filter(([hash]) => !known.has(hash)))
  }
}

/** Fails where a text is missing, or the item has no request of this version. */
export const requestOf = (
  { request, texts }: QueuedAsk,
  stored: ReadonlyMap<string, string>
): Result.Result<Request, unknown> =>
  Result.try({
    try: () =>
      RequestKey.read(request, (hash) => {
        const text = texts[hash] ?? stored.get(hash)
        if (text === undefined) throw new Error("a text is missing")
        return text
      }).request,
    catch: (error) => error
  })

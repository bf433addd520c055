/** Message Batches in virtual time: they end after a while, and keep book of what they were asked. */
import { Clock, Effect, Layer, Stream } from "effect"
import { type AskError, Batches, type Message } from "fanfold"
import { overloaded, questionOf, reply } from "./FakeClaude.ts"

/** What a batch costs is half. */
const replyTo = (request: Message.Request): Message.Reply => {
  const { usage, ...rest } = reply(`batched answer to ${questionOf(request)}`, { model: request.model })
  return { ...rest, usage: { ...usage, batch: batchOf(usage) } }
}

export const batchOf = ({
  inputTokens,
  cacheCreationInputTokens,
  cacheReadInputTokens,
  outputTokens
}: Message.Usage) => ({
  inputTokens,
  cacheCreationInputTokens,
  cacheReadInputTokens,
  outputTokens
})

interface FakeBatch {
  readonly id: string
  readonly createdAt: number
  readonly requests: ReadonlyArray<Batches.BatchRequest>
  canceledAt: number | undefined
}

export interface Settings {
  /** Milliseconds until a request of a batch has its result; infinite for one that expires. */
  readonly takes?: (request: Message.Request) => number
  /** Absent, or undefined: it succeeds, if there is time. */
  readonly outcome?: (request: Message.Request) => Batches.BatchOutcome | undefined
  /** What the nth creation, from 1, answers instead, and whether the batch is there all the same. */
  /** What a call but a creation fails with at this time, in epoch milliseconds. */
  readonly away?: (now: number) => AskError.AskError | undefined
  readonly creation?: (nth: number) => { readonly error: AskError.AskError; readonly isCreated: boolean } | undefined
}

const expiresMillis = 24 * 60 * 60_000

/** Requests that are under way when a batch is canceled end in this time. */
const cancelMillis = 1000

export const make = ({ away = () => undefined, creation, outcome, takes = () => 60_000 }: Settings = {}) => {
  const all: Array<FakeBatch> = []
  const book = { all, creations: 0, retrieved: [] as Array<number>, cancellations: 0, read: 0 }
  const doneAt = (batch: FakeBatch, { request }: Batches.BatchRequest) => batch.createdAt + takes(request)
  const endsAt = (batch: FakeBatch): number =>
    Math.min(
      Math.max(...batch.requests.map((each) => doneAt(batch, each))),
      batch.createdAt + expiresMillis,
      (batch.canceledAt ?? Number.POSITIVE_INFINITY) + cancelMillis
    )
  const outcomeOf = (batch: FakeBatch, each: Batches.BatchRequest): Batches.BatchOutcome => {
    if (doneAt(batch, each) <= endsAt(batch)) {
      return outcome?.(each.request) ?? { _tag: "Succeeded", reply: replyTo(each.request) }
    }
    return { _tag: batch.canceledAt === undefined ? "Expired" : "Canceled" }
  }
  const describe = (batch: FakeBatch, now: number): Batches.Batch => {
    const isEnded = now >= endsAt(batch)
    const count = (tag: string) =>
      isEnded ? batch.requests.filter((each) => outcomeOf(batch, each)._tag === tag).length : 0
    return {
      id: batch.id,
      createdAt: batch.createdAt,
      expiresAt: batch.createdAt + expiresMillis,
      isEnded,
      isCanceling: !isEnded && batch.canceledAt !== undefined,
      counts: {
        processing: isEnded ? 0 : batch.requests.length,
        succeeded: count("Succeeded"),
        errored: count("Errored"),
        canceled: count("Canceled"),
        expired: count("Expired")
      },
      retryAfterMillis: undefined
    }
  }
  const add = (requests: ReadonlyArray<Batches.BatchRequest>, createdAt: number): FakeBatch => {
    const batch = { id: `batch${all.length + 1}`, createdAt, requests, canceledAt: undefined }
    all.unshift(batch)
    return batch
  }
  const found = (id: string) =>
    Effect.suspend(() => {
      const batch = all.find((each) => each.id === id)
      return batch === undefined ? Effect.fail(overloaded()) : Effect.succeed(batch)
    })
  const now = Clock.currentTimeMillis
  const reached = Effect.flatMap(now, (now) => {
    const error = away(now)
    return error === undefined ? Effect.succeed(now) : Effect.fail(error)
  })
  const service: Batches.Batches = {
    create: (requests) =>
      Effect.flatMap(now, (now) => {
        const special = creation?.(++book.creations)
        if (special?.isCreated === false) return Effect.fail(special.error)
        const batch = add(requests, now)
        return special === undefined ? Effect.succeed(describe(batch, now)) : Effect.fail(special.error)
      }),
    list: (since) =>
      Effect.map(reached, (now) =>
        all.filter(({ createdAt }) => createdAt >= since).map((each) => describe(each, now))
      ),
    retrieve: (id) =>
      Effect.flatMap(now, (now) => {
        book.retrieved.push(now)
        return Effect.andThen(
          reached,
          Effect.map(found(id), (batch) => describe(batch, now))
        )
      }),
    cancel: (id) =>
      Effect.flatMap(reached, (now) =>
        Effect.map(found(id), (batch) => {
          book.cancellations++
          if (now < endsAt(batch)) batch.canceledAt = now
          return describe(batch, now)
        })
      ),
    results: (id) =>
      Stream.unwrap(
        Effect.map(Effect.andThen(reached, found(id)), (batch) => {
          book.read++
          return Stream.fromIterable(
            batch.requests.toReversed().map((each) => ({ id: each.id, outcome: outcomeOf(batch, each) }))
          )
        })
      )
  }
  const questions = () => all.toReversed().map(({ requests }) => requests.map(({ request }) => questionOf(request)))
  return Object.assign(book, { add, questions, service, layer: Layer.succeed(Batches.Current, service) })
}

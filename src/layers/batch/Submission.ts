/** Creates a batch so that it is never created twice: the intent is kept first, and after a fault the batch is looked for. */
import { Clock, Effect, Result, Stream } from "effect"
import type { AskError } from "../../claude/AskError.ts"
import type { Reason } from "../../claude/Reason.ts"
import { rejections } from "../../claude/Rejections.ts"
import type { Batch } from "../../claude/Batches.ts"
import * as Event from "../../claude/Event.ts"
import { newRunId } from "../../journal/Journal.ts"
import { plural } from "../../options/NumberText.ts"
import { repeated } from "./BatchCall.ts"
import type { Batching } from "./Batching.ts"
import type { Creation } from "./Creations.ts"
import type { Member } from "./Member.ts"

/** The batch with its creation; `undefined` where there is none; `error` where the API rejects it, or cannot be asked. */
export type Created = Creation | { readonly error: AskError } | undefined

/** With these the API says that it has created nothing. */
const rejected: ReadonlySet<Reason["_tag"]> = new Set(rejections)

/** The pause after a 429 that names no time. */
const rateLimitMillis = 30_000

/** How far the clock of the API may be from that of this machine. */
const clockMargin = 10 * 60_000

/** A creation takes at most this long from its intent on: the time limit of the call. */
const creationMillis = 10 * 60_000

/** The first pause between two looks; each is longer than the one before. */
const firstPauseMillis = 5_000

export const create = (run: Batching, members: ReadonlyArray<Member>, isCachedFor1h: boolean): Effect.Effect<Created> =>
  Effect.gen(function* () {
    const requests = members.map(({ id, request }) => ({ id, request, isCachedFor1h }))
    for (;;) {
      const nonce = yield* newRunId
      const at = yield* Clock.currentTimeMillis
      const creation: Creation = { nonce, at, ids: new Set(members.map(({ id }) => id)), batch: undefined }
      yield* Event.emit({ _tag: "BatchSubmitting", nonce, ids: [...creation.ids] })
      run.creations.add(creation)
      const created = yield* Effect.uninterruptibleMask((restore) =>
        Effect.tap(Effect.result(restore(run.batches.create(requests))), (result) =>
          Result.isSuccess(result) ? known(creation, result.success) : Effect.void
        )
      )
      if (Result.isSuccess(created)) {
        run.reachability.onReply()
        return creation
      }
      const { failure: error } = created
      run.reachability.onError(error)
      if (rejected.has(error.reason._tag)) {
        yield* notCreated(run, creation, error.message)
        if (!error.isRetryable) return { error }
        yield* run.idleFor(error.retryAfterMillis ?? rateLimitMillis)
      } else {
        const found = yield* seek(run, creation, error)
        if (found !== undefined) return found
      }
    }
  })

const known = (creation: Creation, { expiresAt, id }: Batch): Effect.Effect<void> => {
  creation.batch = id
  return Event.emit({ _tag: "BatchSubmitted", nonce: creation.nonce, batch: id, expiresAt })
}

const notCreated = (run: Batching, creation: Creation, message: string): Effect.Effect<void> => {
  run.creations.remove(creation)
  return Event.emit({ _tag: "BatchNotCreated", nonce: creation.nonce, message })
}

/** Looks for the batch of a creation whose end is not known, until it is found, or none can be it. */
export const seek = (run: Batching, creation: Creation, cause?: AskError): Effect.Effect<Created> =>
  Effect.gen(function* () {
    const others = new Set<string>()
    const startedAt = yield* Clock.currentTimeMillis
    // The call may have gone on until this process began to look: a gateway may give up only after a minute.
    const latestEnd = Math.min(startedAt, creation.at + creationMillis)
    let reported = ""
    const calls = {
      createdAt: creation.at,
      pause: (millis: number) => run.idleFor(millis),
      reachability: run.reachability,
      onReport: () => void (reported = "")
    }
    for (;;) {
      const listed = yield* Effect.result(repeated(run.batches.list(creation.at - clockMargin), calls))
      if (Result.isFailure(listed)) return { error: listed.failure }
      const candidates = listed.success.filter(
        (batch) => isCandidate(batch, creation) && !others.has(batch.id) && !run.creations.hasMade(batch.id)
      )
      const open = candidates.filter(({ isEnded }) => !isEnded)
      for (const batch of candidates.filter(({ isEnded }) => isEnded)) {
        const isOwn = yield* Effect.result(hasIdsOf(run, batch, creation))
        if (Result.isFailure(isOwn)) return { error: isOwn.failure }
        if (isOwn.success === undefined) open.push(batch)
        // Another search may have claimed it meanwhile.
        else if (isOwn.success && !run.creations.hasMade(batch.id)) {
          yield* known(creation, batch)
          return creation
        } else others.add(batch.id)
      }
      const now = yield* Clock.currentTimeMillis
      const settleMillis = latestEnd + run.times.settleMillis - now
      if (open.length === 0 && settleMillis <= 0) {
        yield* notCreated(run, creation, cause?.message ?? "the API has no such batch")
        return undefined
      }
      const message = uncertainText(creation, open, cause)
      if (message !== reported) yield* Event.emit({ _tag: "BatchUncertain", nonce: creation.nonce, message })
      reported = message
      const pause = Math.min(run.times.pollMillis, Math.max(firstPauseMillis, (now - startedAt) / 10))
      yield* run.idleFor(open.length === 0 ? Math.min(pause, settleMillis) : pause)
    }
  })

const sizeOf = ({ counts }: Batch): number =>
  counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired

const isCandidate = (batch: Batch, { at, ids }: Creation): boolean =>
  sizeOf(batch) === ids.size && batch.createdAt <= at + creationMillis + clockMargin

/** `undefined` of results that were read in part: they may end early without an error. */
const hasIdsOf = (run: Batching, batch: Batch, { at, ids }: Creation): Effect.Effect<boolean | undefined, AskError> =>
  Effect.map(
    repeated(
      Stream.runFold(
        run.batches.results(batch.id),
        () => new Set<string>(),
        (read, { id }) => read.add(id)
      ),
      { batch: batch.id, createdAt: at, pause: (millis) => run.idleFor(millis) }
    ),
    (read) => (![...read].every((id) => ids.has(id)) ? false : read.size === ids.size ? true : undefined)
  )

const uncertainText = ({ ids }: Creation, open: ReadonlyArray<Batch>, cause: AskError | undefined): string => {
  const what = `whether a batch of ${plural(ids.size, "request", "requests")} was created is not known${cause === undefined ? "" : ` (${cause.message})`}`
  const why =
    open.length === 0
      ? "it may still be listed"
      : `${open.map(({ id }) => id).join(" or ")} may be it, which can be told once it has ended`
  return `${what}: ${why}. Nothing is sent twice meanwhile`
}

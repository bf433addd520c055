/** Waits for a batch to end, and hands on its results. */
import { Clock, Effect, Equal, Result, Stream } from "effect"
import type { AskError } from "../../claude/AskError.ts"
import type { Batch } from "../../claude/Batches.ts"
import * as Event from "../../claude/Event.ts"
import type { Batching, Times } from "./Batching.ts"
import type { Creation } from "./Creations.ts"
import type { Member } from "./Member.ts"

/** The shortest pause between two looks, and the share of the time since the creation that the pause grows with. */
const minPauseMillis = 5_000
const pauseShare = 0.1

/** How often the results are read again where some are missing. */
const maxReadings = 5

/** Ends when each member has its outcome, or nobody waits for one any more: the batch goes on. */
export const follow = (run: Batching, creation: Creation, members: ReadonlyArray<Member>): Effect.Effect<void> =>
  Effect.gen(function* () {
    const id = creation.batch!
    const ended = yield* Effect.result(untilEnded(run, creation, id, members))
    if (Result.isFailure(ended)) return reject(members, ended.failure)
    const batch = ended.success
    if (batch === undefined) return
    yield* Event.emit({ _tag: "BatchEnded", batch: id, counts: batch.counts })
    for (let reading = 1; reading <= maxReadings; reading++) {
      const read = yield* Effect.result(handOn(run, id, members))
      if (Result.isFailure(read)) return reject(members, read.failure)
      if (members.every(({ isEnded }) => isEnded)) break
      yield* run.idleFor(minPauseMillis * reading)
    }
    for (const member of members) member.end({ _tag: "Missing" })
  })

/** The API does not give it: nothing is sent instead, as the batch is paid. */
const reject = (members: ReadonlyArray<Member>, error: AskError): void => {
  for (const member of members) member.end({ _tag: "Rejected", error })
}

const handOn = (run: Batching, id: string, members: ReadonlyArray<Member>): Effect.Effect<void, AskError> => {
  const byId = new Map(members.map((member) => [member.id, member]))
  return Stream.runForEach(run.batches.results(id), ({ id, outcome }) => Effect.sync(() => byId.get(id)?.end(outcome)))
}

/** `undefined` once nobody waits for a result. */
const untilEnded = (
  run: Batching,
  { at }: Creation,
  id: string,
  members: ReadonlyArray<Member>
): Effect.Effect<Batch | undefined, AskError> =>
  Effect.gen(function* () {
    const { deadlineMillis } = run.times
    let since = at
    let reported: object | undefined
    for (;;) {
      let batch = yield* run.batches.retrieve(id)
      const now = yield* Clock.currentTimeMillis
      if (!batch.isEnded && !batch.isCanceling && now >= at + deadlineMillis) {
        batch = yield* run.batches.cancel(id)
        since = now
      }
      if (batch.isEnded) return batch
      const { counts, expiresAt, isCanceling } = batch
      const report = { batch: id, counts, expiresAt, isCanceling }
      if (!Equal.equals(report, reported)) yield* Event.emit({ _tag: "BatchPolled", ...report })
      reported = report
      if (!run.isWanted(members)) return undefined
      const untilDeadline = isCanceling ? Number.POSITIVE_INFINITY : Math.max(0, at + deadlineMillis - now)
      yield* run.idleFor(Math.min(pauseMillis(now - since, batch.retryAfterMillis ?? 0, run.times), untilDeadline))
    }
  })

/** No longer than the API asks for, where `poll` is shorter. */
const pauseMillis = (elapsedMillis: number, retryAfterMillis: number, { pollMillis }: Times): number =>
  Math.min(pollMillis, Math.max(minPauseMillis, retryAfterMillis, elapsedMillis * pauseShare))

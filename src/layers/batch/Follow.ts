/** Waits for a batch to end, and hands on its results. */
import { Clock, Effect, Equal, Result, Stream } from "effect"
import type { AskError } from "../../claude/AskError.ts"
import type { Batch } from "../../claude/Batches.ts"
import * as Event from "../../claude/Event.ts"
import * as BatchCall from "./BatchCall.ts"
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
    const reportEnd = Event.emit({ _tag: "BatchEnded", batch: id, counts: batch.counts })
    yield* reportEnd
    for (let reading = 1; reading <= maxReadings; reading++) {
      const read = yield* Effect.result(handOn(run, creation, id, members, reportEnd))
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

/** For calls about the batch of this creation. */
const callOptions = (
  run: Batching,
  { at, batch }: Creation,
  members: ReadonlyArray<Member>,
  onReport: () => void
): BatchCall.Options => ({
  batch,
  createdAt: at,
  pause: (millis) => run.idleFor(millis),
  isWanted: () => run.isWanted(members),
  onReport
})

const handOn = (
  run: Batching,
  creation: Creation,
  id: string,
  members: ReadonlyArray<Member>,
  reportEnd: Effect.Effect<void>
): Effect.Effect<void, AskError> => {
  const byId = new Map(members.map((member) => [member.id, member]))
  let isAway = false
  const read = Stream.runForEach(run.batches.results(id), ({ id, outcome }) => {
    // Before the last member has its outcome, as nobody may listen after that.
    const back = isAway ? reportEnd : Effect.void
    isAway = false
    return Effect.andThen(
      back,
      Effect.sync(() => byId.get(id)?.end(outcome))
    )
  })
  return BatchCall.repeated(
    read,
    callOptions(run, creation, members, () => void (isAway = true))
  )
}

/** `undefined` once nobody waits for a result. */
const untilEnded = (
  run: Batching,
  creation: Creation,
  id: string,
  members: ReadonlyArray<Member>
): Effect.Effect<Batch | undefined, AskError> =>
  Effect.gen(function* () {
    const { at } = creation
    const { deadlineMillis } = run.times
    let since = at
    let reported: object | undefined
    // Once the API answers again, it is reported how the batch stands.
    const onReport = () => void (reported = undefined)
    const call = callOptions(run, creation, members, onReport)
    for (;;) {
      let batch = yield* BatchCall.repeated(run.batches.retrieve(id), call)
      const now = yield* Clock.currentTimeMillis
      if (!batch.isEnded && !batch.isCanceling && now >= at + deadlineMillis) {
        batch = yield* BatchCall.repeated(run.batches.cancel(id), call)
        since = now
      }
      if (batch.isEnded) return batch
      const { counts, expiresAt, isCanceling } = batch
      const report = { batch: id, counts, expiresAt, isCanceling }
      if (!Equal.equals(report, reported)) yield* Event.emit({ _tag: "BatchPolled", ...report })
      reported = report
      if (!run.isWanted(members)) return undefined
      const untilDeadline = now < at + deadlineMillis ? at + deadlineMillis - now : Number.POSITIVE_INFINITY
      yield* run.idleFor(Math.min(pauseMillis(now - since, batch.retryAfterMillis ?? 0, run.times), untilDeadline))
    }
  })

/** No longer than the API asks for, where `poll` is shorter. */
const pauseMillis = (elapsedMillis: number, retryAfterMillis: number, { pollMillis }: Times): number =>
  Math.min(pollMillis, Math.max(minPauseMillis, retryAfterMillis, elapsedMillis * pauseShare))

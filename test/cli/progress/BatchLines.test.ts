/** What progress says of batches: from their events, in lines, in a live region, and when they are left. */
import { assert, describe, it } from "@effect/vitest"
import type { Event } from "fanfold"
import * as BatchLines from "../../../src/cli/progress/BatchLines.ts"
import { begin, dispatched, type Emitted, eventOf, fold, replied, started } from "../../RunEvents.ts"

const hour = 60 * 60_000
const counts = { processing: 0, succeeded: 0, errored: 0, canceled: 0, expired: 0 }
const expiresAt = 24 * hour

const submitting: Emitted = [0, "", { _tag: "BatchSubmitting", nonce: "n", ids: ["a", "b"] }]
const submitted: Emitted = [1, "", { _tag: "BatchSubmitted", nonce: "n", batch: "msgbatch_1", expiresAt }]
const polled = (at: number, isCanceling = false): Emitted => [
  at,
  "",
  { _tag: "BatchPolled", batch: "msgbatch_1", expiresAt, isCanceling, counts: { ...counts, processing: 2 } }
]
const ended: Emitted = [
  2 * hour,
  "",
  { _tag: "BatchEnded", batch: "msgbatch_1", counts: { ...counts, succeeded: 1200, errored: 1, expired: 2 } }
]

const away = (at: number, since: number): Emitted => [
  at,
  "",
  {
    _tag: "BatchCallFailed",
    batch: "msgbatch_1",
    reason: "Unreachable",
    message: "connect ECONNREFUSED",
    since,
    delayMillis: at === since ? 1000 : 60_000
  }
]
const looking: Emitted = [
  hour,
  "",
  {
    _tag: "BatchCallFailed",
    reason: "Overloaded",
    message: "overloaded: busy",
    since: hour,
    delayMillis: 1000
  }
]

/** The line of the last of these events. */
const lineOf = (...emitteds: ReadonlyArray<Emitted>) =>
  BatchLines.ofEvent(fold(...emitteds), eventOf(emitteds.at(-1)!) as Event.BatchEvent)

const leaving: BatchLines.Leaving = { kept: { id: "0k3x", journal: undefined }, hasEnded: false }

/** What is said after these events, an hour later. */
const left = (...emitteds: ReadonlyArray<Emitted>) => BatchLines.leftLines(fold(...emitteds), leaving, hour)

describe("the lines of a batch", () => {
  it("say what is sent, how it stands, and how it ended", () => {
    assert.strictEqual(lineOf(submitting), "📦 Sending 2 asks as a batch")
    assert.strictEqual(
      lineOf(submitting, submitted, polled(hour)),
      "📦 Batch msgbatch_1: 2 in progress; expires in 23 h 0 min"
    )
    assert.strictEqual(
      lineOf(submitting, submitted, polled(hour, true)),
      "📦 Batch msgbatch_1: 2 in progress; being canceled"
    )
    assert.strictEqual(
      lineOf(submitting, submitted, ended),
      "📦 Batch msgbatch_1 has ended: 1,200 succeeded, 1 errored, 2 expired"
    )
  })

  it("say that the API is away and the batch goes on, from when on, and what it is away for", () => {
    assert.strictEqual(
      lineOf(submitting, submitted, away(hour, hour)),
      "⏳ Batch msgbatch_1 cannot be reached: connect ECONNREFUSED; tried again in 1.0 s, the batch goes on meanwhile"
    )
    assert.strictEqual(
      lineOf(submitting, submitted, away(3 * hour, hour)),
      "⏳ Batch msgbatch_1 cannot be reached for 2 h 0 min: connect ECONNREFUSED; tried again in 1 min 0 s, the batch goes on meanwhile"
    )
    assert.strictEqual(
      lineOf(submitting, looking),
      "⏳ Batches cannot be listed: overloaded: busy; tried again in 1.0 s, nothing is sent meanwhile"
    )
    assert.deepStrictEqual(BatchLines.shown(fold(submitting, submitted, away(hour, hour)), 3 * hour), [
      "📦 Batch msgbatch_1: 2 in progress; expires in 21 h 0 min; cannot be reached for 2 h 0 min: connect ECONNREFUSED"
    ])
    assert.deepStrictEqual(BatchLines.shown(fold(submitting, looking), 2 * hour), [
      "📦 Creating a batch; cannot be reached for 1 h 0 min: overloaded: busy"
    ])
    assert.notInclude(BatchLines.shown(fold(submitting, submitted, away(hour, hour), polled(2 * hour)), 0)[0], "cannot")
  })

  it("name a batch that has ended and whose results cannot be read, until they are", () => {
    assert.strictEqual(
      left(submitting, submitted, ended, away(2 * hour, 2 * hour))[0],
      "Batch msgbatch_1: 1,200 succeeded, 1 errored, 2 expired; its results are not read"
    )
    assert.deepStrictEqual(left(submitting, submitted, ended, away(2 * hour, 2 * hour), ended), [])
  })

  it("say how to come back to batches that are left, and nothing where there are none", () => {
    assert.deepStrictEqual(left(submitting, submitted), [
      "Batch msgbatch_1: 2 in progress; expires in 23 h 0 min",
      "Batches go on without this process. Come back with the same command, or:",
      "  fanfold runs resume 0k3x  fetches what they bring, and folds it",
      "  fanfold runs show 0k3x  tells where they stood when last looked at",
      "  fanfold runs cancel 0k3x  cancels them; what is answered by then is paid"
    ])
    const elsewhere = { id: "0k3x", journal: "/tmp/my runs/it's.sqlite" }
    assert.include(
      BatchLines.leftLines(fold(submitting, submitted), { ...leaving, kept: elsewhere }, 0)[2],
      "fanfold runs resume 0k3x --journal '/tmp/my runs/it'\\''s.sqlite'  "
    )
    assert.strictEqual(left(submitting)[0], "A batch may have been created, which is found out at the next run")
    assert.deepStrictEqual(left(submitting, submitted, ended), [])
    assert.deepStrictEqual(left(submitting, [1, "", { _tag: "BatchNotCreated", nonce: "n", message: "no" }]), [])
    assert.include(
      BatchLines.leftLines(fold(submitting, submitted), { ...leaving, kept: undefined }, 0)[1],
      "cannot be fetched"
    )
  })

  it("say which run cancels batches that a run leaves when it ends", () => {
    const state = fold(submitting, submitted)
    const [batch] = state.batches.open
    assert.deepStrictEqual(BatchLines.leftLines(state, { ...leaving, hasEnded: true }, 0).slice(1), [
      "Batches go on, and what they answer is paid; this run has ended without it. To cancel them:",
      `  fanfold runs cancel ${batch!.run}`
    ])
  })

  it("say that a batch may be there where a run that goes on does not know it either", () => {
    const uncertain: Emitted = [1, "", { _tag: "BatchUncertain", nonce: "n", message: "it may still be listed" }]
    assert.strictEqual(left(uncertain)[0], "A batch may have been created, which is found out at the next run")
    assert.deepStrictEqual(left(uncertain, submitted, ended), [])
  })

  it("stand in the live region as long as it is waited for", () => {
    assert.deepStrictEqual(BatchLines.shown(fold(submitting), 0), ["📦 Creating a batch"])
    assert.deepStrictEqual(BatchLines.shown(fold(submitting, submitted), 23 * hour), [
      "📦 Batch msgbatch_1: 2 in progress; expires in 1 h 0 min"
    ])
    assert.deepStrictEqual(BatchLines.shown(fold(submitting, submitted, ended), 0), [])
  })
})

describe("an ask in a batch", () => {
  it("takes the time from its start, and costs what its usage says", () => {
    const [at, name, fields] = dispatched(hour, "a")
    const batched: Emitted = [at, name, { ...fields, batched: true } as Emitted[2]]
    const state = fold(begin(0, "a"), started(0, "a"), submitting, submitted, batched, replied(hour, "a"))
    assert.strictEqual(state.asks[0]!.dispatchedAt, 0)
    assert.strictEqual(state.total, 1)
  })
})

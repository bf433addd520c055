/** One run of this process and its journal: what of it is answered by earlier runs, and what it adds. */
import { Cause, Console, Effect } from "effect"
import type { AskError, Reason } from "../claude/AskError.ts"
import type { Send } from "../claude/Attempt.ts"
import * as Call from "../claude/Call.ts"
import * as Event from "../claude/Event.ts"
import type { Reply, Request } from "../claude/Message.ts"
import * as WorstCase from "../cost/WorstCase.ts"
import { nowMillis } from "../scheduling/FiberClock.ts"
import { type BegunRun, type Journal, type Known, type Reusable, type Row, simulated, type Turn } from "./Journal.ts"
import * as PendingTurn from "./PendingTurn.ts"
import { isAnswer } from "./Replies.ts"
import * as RequestKey from "./RequestKey.ts"
import { anyTime } from "./Reuse.ts"
import type { SharedRun } from "./SharedRun.ts"

/** One ask: its turns of an earlier run, how many it has had in this one, and its answer if that is of an earlier run. */
interface Entry {
  readonly n: number
  readonly request: PendingTurn.PendingTurn["request"]
  readonly known: Known | undefined
  /** An answer that is there and is not taken is to be noted as bought again, once the request has left. */
  isToNote: boolean
  turns: number
  reused: WorstCase.Answer
}

const noAnswer: WorstCase.Answer = { tokens: 0, bytes: 0 }
const noneKnown: Effect.Effect<Known | undefined> = Effect.succeed(undefined)

export class RunRecorder {
  readonly run: BegunRun
  /** Replies that the journal has of requests which are sent again, as `reuse` does not take them: model and usage. */
  readonly boughtAgain: Array<Pick<Reply, "model" | "usage">> = []
  readonly #journal: typeof Journal.Service
  readonly #reusable: Reusable | undefined
  readonly #entries = new WeakMap<Call.Execution, Entry>()
  /** Executions of asks: their end is that of their event. Requests without one end with their reply. */
  readonly #asks = new WeakSet<Call.Execution>()
  readonly #ordinals = new RequestKey.Ordinals()
  #entryCount = 0
  /** What the journal gave as answers of asks, by the run of their call: a program may have several researches over one recorder. */
  readonly #reused = new Map<string, WorstCase.Answer>()
  #isBroken = false

  readonly #notesBoughtAgain: boolean

  /** `reusable`: undefined where nothing is reused. `notesBoughtAgain`: fill `boughtAgain`, which takes a search for each request. */
  constructor(
    journal: typeof Journal.Service,
    run: BegunRun,
    reusable: Reusable | undefined,
    { notesBoughtAgain = false } = {}
  ) {
    this.run = run
    this.#notesBoughtAgain = notesBoughtAgain
    this.#journal = journal
    this.#reusable = reusable
  }

  /** Whether anything of earlier runs may be taken. */
  get isReusing(): boolean {
    return this.#reusable !== undefined
  }

  /** What the processes of the run share it by; `undefined` where the journal is of one machine. */
  get shared(): SharedRun | undefined {
    const { shared } = this.#journal
    return shared && { register: shared.register, id: this.run.id }
  }

  /** The events of the unfinished runs with batches that this one goes on with, the oldest run first; none of one that is there no more. */
  readonly earlier: Effect.Effect<ReadonlyArray<Event.Event>> = Effect.suspend(() =>
    Effect.forEach(this.run.resumed.toReversed(), (id) => this.#journal.events(id, "batches"))
  ).pipe(
    // Simulated batches end with their process.
    Effect.map((events) => (this.run.source === simulated ? [] : events.flat())),
    Effect.catchCause((cause) => Effect.as(this.#giveUp(cause), []))
  )

  /** Answers from the journal what it has, and keeps every other reply before it is handed on. */
  around(send: Send): Send {
    const kept = this.#around(send)
    // A `Claude` that a program has from a layer of its own, as a `LanguageModel` has, comes without the recorder of events.
    return (request) =>
      Effect.withFiber((fiber) =>
        fiber.getRef(Event.Recorder) === undefined
          ? Effect.provideService(kept(request), Event.Recorder, (event) => this.record(event))
          : kept(request)
      )
  }

  #around(send: Send): Send {
    return (request) =>
      Effect.withFiber((fiber) => {
        const call = fiber.getRef(Call.Current)
        const execution = fiber.getRef(Call.Execution)
        const opened = execution === undefined ? undefined : this.#entries.get(execution)
        if (opened !== undefined) return this.#turn(send, request, opened, execution)
        return Effect.flatMap(this.#open(request, call, nowMillis(fiber)), (entry) => {
          if (execution !== undefined) this.#entries.set(execution, entry)
          return this.#turn(send, request, entry, execution)
        })
      })
  }

  /** Keeps an event, and the end of the ask that it may be. What says that a request leaves is kept before it does. */
  record(event: Event.Event): Effect.Effect<void> {
    return Effect.withFiber((fiber) => {
      const rows: Array<Row> = [{ _tag: "Event", event }]
      const execution = fiber.getRef(Call.Execution)
      if (execution !== undefined) {
        if (event._tag === "Started") this.#asks.add(execution)
        const entry = this.#entries.get(execution)
        const end = entry && endOf(event, entry.n)
        if (end !== undefined) {
          rows.push(end)
          // The collector finds an entry that is left in a large map late, and with it the reply that it has.
          this.#entries.delete(execution)
        }
      }
      this.#add(rows)
      return writtenAtOnce.has(event._tag) ? this.#ended(this.#journal.written) : Effect.void
    })
  }

  #open(request: Request, call: Call.Call, at: number): Effect.Effect<Entry> {
    const { again = false, ask, fallback = [], part, run } = call
    const keyed = RequestKey.of(request, fallback)
    const ordinal = this.#ordinals.of(keyed.key, `${run} ${ask}`, again)
    const n = this.#entryCount++
    const reusable = this.#reusable
    return Effect.map(reusable ? this.#find(keyed.key, ordinal, reusable) : noneKnown, (known): Entry => {
      const isToNote = known === undefined && this.#notesBoughtAgain && (reusable?.since ?? 0) !== anyTime
      const from = known && { run: known.run, entry: known.entry }
      this.#add([{ _tag: "Entry", entry: n, ask, part, request: keyed, ordinal, at, known: from }])
      const texts = keyed.texts.map(([hash]) => hash)
      return { n, request: { key: keyed.key, ordinal, texts }, known, isToNote, turns: 0, reused: noAnswer }
    })
  }

  #turn(send: Send, request: Request, entry: Entry, execution: Call.Execution | undefined) {
    return Effect.withFiber((fiber) => {
      const turn = entry.turns++
      const known = entry.known?.turns[turn]
      const isAsk = execution !== undefined && this.#asks.has(execution)
      const endAt = (reply: Reply, at: number): ReadonlyArray<Row> =>
        !isAsk && isAnswer(reply) ? [{ _tag: "End", entry: entry.n, at, state: "answered" }] : []
      // The entry was found by the request of its first turn.
      if (known !== undefined && (turn === 0 || known.key === RequestKey.ofTurn(request))) {
        this.#add(endAt(known.reply, nowMillis(fiber)))
        return this.#reuse(request, entry, entry.known!.run, known)
      }
      const { run } = this
      const key = RequestKey.ofTurn(request)
      const [journal, begun, n] = [this.#journal, run, entry.n]
      const open: PendingTurn.PendingTurn = {
        journal,
        begun,
        run: run.id,
        entry: n,
        turn,
        key,
        request: entry.request,
        kept: undefined
      }
      return Effect.flatMap(this.#asked(send(request), request, entry, open), (reply) => {
        const now = nowMillis(fiber)
        const { at, run: from } = open.kept ?? { at: now, run: undefined }
        // What a run has asked that this one goes on with is in that run's costs.
        const isBought = from === undefined || from === run.id
        const kept = Effect.suspend(() => {
          if (from !== run.id) this.#add([{ _tag: "Turn", entry: n, turn, key, reply, at }])
          this.#add(endAt(reply, now))
          return isBought
            ? Effect.as(this.#ended(this.#journal.kept), reply)
            : this.#reuse(request, entry, from, { key, reply, at })
        })
        return isBought && entry.isToNote ? Effect.andThen(this.#noteBoughtAgain(entry), kept) : kept
      })
    })
  }

  #reuse(request: Request, entry: Entry, run: string, { at, reply }: Turn): Effect.Effect<Reply, AskError> {
    return Effect.withFiber((fiber) => {
      const call = fiber.getRef(Call.Current)
      if (call.part === "ask") {
        const answer = WorstCase.answerOf(reply)
        this.#count(call.run, entry, isContinued(request) ? WorstCase.addAnswers(entry.reused, answer) : answer)
      }
      const { declined, model, usage } = reply
      const reused = { _tag: "Reused", model, usage, paidAt: at, from: run, ...(declined && { declined }) } as const
      return Effect.as(Event.emit(reused, { reply }), reply)
    })
  }

  /** A request that is sent, with what a budget must know of the answers that were not. */
  #asked<A, E, R>(
    sent: Effect.Effect<A, E, R>,
    request: Request,
    entry: Entry,
    open: PendingTurn.PendingTurn
  ): Effect.Effect<A, E, R> {
    const opened = this.#isBroken ? sent : Effect.provideService(sent, PendingTurn.Current, open)
    // A search in a database takes time, and another machine may keep the reply meanwhile.
    const isToNote = entry.isToNote && this.shared !== undefined
    const noting = Effect.withFiber((fiber) => {
      Effect.runForkWith(fiber.context)(Effect.andThen(Effect.yieldNow, this.#noteBoughtAgain(entry)))
      return opened
    })
    return Effect.withFiber((fiber) => {
      const call = fiber.getRef(Call.Current)
      // Its answer takes the place of one that did not fit, but not of the part that it continues.
      if (!isContinued(request)) this.#count(call.run, entry, noAnswer)
      const reused = this.#reused.get(call.run)
      const asked = isToNote ? noting : opened
      return reused === undefined ? asked : Effect.provideService(asked, Call.Current, { ...call, reused })
    })
  }

  /** Counts the last answer of an ask, as the synthesis reads no other. */
  #count(run: string, entry: Entry, answer: WorstCase.Answer): void {
    const { bytes, tokens } = this.#reused.get(run) ?? noAnswer
    const before = entry.reused
    entry.reused = answer
    if (before === answer) return
    this.#reused.set(run, {
      tokens: tokens + answer.tokens - before.tokens,
      bytes: bytes + answer.bytes - before.bytes
    })
  }

  /** To be run before the reply is kept, which would be found else. */
  #noteBoughtAgain(entry: Entry): Effect.Effect<void> {
    const reusable = this.#reusable
    if (reusable === undefined) return Effect.void
    const { key, ordinal } = entry.request
    entry.isToNote = false
    return Effect.map(this.#find(key, ordinal, { ...reusable, since: anyTime }), (known) => {
      const reply = known?.turns.at(-1)?.reply
      if (reply !== undefined) this.boughtAgain.push({ model: reply.model, usage: reply.usage })
    })
  }

  #find(key: string, ordinal: number, from: Reusable): Effect.Effect<Known | undefined> {
    if (this.#isBroken) return Effect.succeed(undefined)
    return Effect.catchCause(this.#journal.find(key, ordinal, from), (cause) =>
      Effect.as(this.#giveUp(cause), undefined)
    )
  }

  #add(rows: ReadonlyArray<Row>): void {
    if (!this.#isBroken) this.#journal.add(this.run.id, rows)
  }

  #ended(writing: (typeof Journal.Service)["kept"]): Effect.Effect<void> {
    return this.#isBroken ? Effect.void : Effect.catchCause(writing, (cause) => this.#giveUp(cause))
  }

  /** The answers matter more than the journal: the run goes on without it, and says so once. */
  #giveUp(cause: Cause.Cause<{ readonly message: string }>): Effect.Effect<void> {
    if (this.#isBroken || Cause.hasInterruptsOnly(cause)) return Effect.void
    this.#isBroken = true
    const error = Cause.squash(cause)
    const why = error instanceof Error ? error.message : String(error)
    return Console.error(`Nothing more of this run is kept, as ${why}`)
  }
}

/** What must be known to the next process wherever this one is killed after it. */
const writtenAtOnce: ReadonlySet<Event.Event["_tag"]> = new Set([
  "Dispatched",
  "Intervened",
  "BatchSubmitting",
  "BatchSubmitted",
  "BatchNotCreated"
])

const endOf = (event: Event.Event, entry: number): Row | undefined => {
  if (event._tag === "Answered") return { _tag: "End", entry, at: event.at, state: "answered" }
  if (event._tag !== "Failed") return undefined
  return { _tag: "End", entry, at: event.at, state: aboutReplies.has(event.reason) ? "failed" : "stopped" }
}

/** Reasons of errors that are about the replies: with the same ones the ask would fail again. */
const aboutReplies: ReadonlySet<string> = new Set([
  "Refused",
  "Truncated",
  "Unfinished",
  "IncompleteReply",
  "EmptyAnswer",
  "Undecodable",
  "NoAgreement"
] satisfies ReadonlyArray<Reason["_tag"]>)

/** Whether the reply goes on where a paused turn stopped. */
const isContinued = ({ messages }: Request): boolean => messages.at(-1)?.role === "assistant"

/** The spans and metrics of runs, folded from their events: of each run a tree, of a call outside of any run a tree of its own. */
import type { Content, Event } from "../claude/Event.ts"
import { answersNeeded, type Policy } from "../options/Policy.ts"
import { CallSpan, type Failure } from "./CallSpan.ts"
import type { Identity } from "./Encoding.ts"
import { operation } from "./Names.ts"
import type { Surroundings } from "./Surroundings.ts"

/** Calls by the names of their asks in a run, and else by what tells them apart. */
type Calls = Map<object | string, CallSpan>

/** No ask has this name. */
const synthesisKey = " synthesis"

/** A research, and the synthesis of its findings. */
interface Run {
  readonly id: string
  readonly own: Identity
  readonly startAt: number
  readonly indexes: ReadonlyMap<string, number>
  readonly policy: Policy
  /** Those under way. */
  readonly calls: Calls
  endAt: number
  /** The research is over; a synthesis may follow. */
  isResearched: boolean
  firstFailure: string | undefined
  error: string | undefined
  costUsd: number | undefined
}

/** A call that no `Started` announced: each of its attempts counts as one. */
interface Unannounced {
  readonly call: CallSpan
  readonly scope: object | string
  readonly attempt: number
  readonly isHedge: boolean
}

/** Runs that have ended, and whose synthesis may still come: later calls find their parents here. */
const maxEnded = 256

export class RunSpans {
  readonly #around: Surroundings
  readonly #runs = new Map<string, Run>()
  readonly #ended = new Map<string, Identity>()
  /** Of no run. */
  readonly #calls: Calls = new Map()
  readonly #unannounced: Array<Unannounced> = []
  #lastAt = 0

  constructor(around: Surroundings) {
    this.#around = around
  }

  /** `scope` tells calls apart that have the same name and are of no run. */
  add(event: Event, content?: Content, scope?: object): void {
    const { at } = event
    if (at > this.#lastAt) this.#lastAt = at
    if (event._tag === "ResearchStarted") return this.#startRun(event)
    const run = this.#runs.get(event.run)
    if (run !== undefined && at > run.endAt) run.endAt = at
    if (event._tag === "ResearchEnded") return run === undefined ? undefined : endResearch(run, event)
    const calls = run?.calls ?? this.#calls
    const key = run === undefined ? outerKeyOf(event, scope) : event.part === "ask" ? event.ask : synthesisKey
    const call = calls.get(key)
    if (event._tag === "Started") {
      if (call !== undefined) this.#endCall(run, key, call, at, interrupted)
      return void calls.set(key, this.#callOf(run, event))
    }
    if (call === undefined) return this.#addUnannounced(run, key, event, content)
    switch (event._tag) {
      case "Dispatched":
        return call.dispatch(event, content)
      case "FirstToken":
        return call.firstToken(event)
      case "Replied":
      case "AttemptFailed":
        return call.endAttempt(event, content)
      case "Reused":
        return call.reuse(event, content)
      case "Retrying":
        return call.backOff(event)
      case "Answered":
        return this.#endCall(run, key, call, at)
      case "Failed":
        return this.#endCall(run, key, call, at, event)
      case "Interrupted":
        return this.#endCall(run, key, call, at, interrupted)
    }
  }

  /** Ends the runs whose research is over and that have no call under way. */
  settle(): void {
    for (const run of this.#runs.values()) if (run.isResearched && run.calls.size === 0) this.#endRun(run)
  }

  /** Ends everything: nothing more will be heard. */
  close(): void {
    for (const run of [...this.#runs.values(), undefined]) {
      for (const [key, call] of run?.calls ?? this.#calls) this.#endCall(run, key, call, this.#lastAt, interrupted)
    }
    for (const { call } of this.#unannounced.splice(0)) call.end(this.#lastAt, interrupted)
    for (const run of this.#runs.values()) {
      if (!run.isResearched) run.error ??= interrupted.reason
      this.#endRun(run)
    }
  }

  #startRun({ asks, at, policy, run: id }: Extract<Event, { readonly _tag: "ResearchStarted" }>): void {
    const known = this.#runs.get(id)
    if (known !== undefined) this.#endRun(known)
    this.#runs.set(id, {
      id,
      own: this.#around.identities.next(),
      startAt: at,
      indexes: new Map(asks.map(({ name }, index) => [name, index])),
      policy,
      calls: new Map(),
      endAt: at,
      isResearched: false,
      firstFailure: undefined,
      error: undefined,
      costUsd: 0
    })
  }

  #endRun(run: Run): void {
    this.#runs.delete(run.id)
    this.#ended.set(run.id, run.own)
    const [oldest] = this.#ended.keys()
    if (this.#ended.size > maxEnded && oldest !== undefined) this.#ended.delete(oldest)
    const { costUsd, endAt, error, id, own, startAt } = run
    const { encoding, metrics, name, spans } = this.#around
    const { attribute } = encoding
    const ofKind = [attribute("gen_ai.operation.name", operation.workflow)]
    if (name !== undefined) ofKind.push(attribute("gen_ai.agent.name", name))
    const ofError = error === undefined ? [] : [attribute("error.type", error)]
    const cost = costUsd === undefined ? [] : [attribute("fanfold.cost.usd", costUsd)]
    const called = name === undefined ? operation.workflow : `${operation.workflow} ${name}`
    const attributes = [...ofKind, attribute("fanfold.run.id", id), ...cost, ...ofError]
    spans.begin(own, undefined, startAt, endAt, encoding.template(called, "internal", attributes))
    spans.end(error === interrupted.reason ? undefined : error)
    metrics.addRun((endAt - startAt) / 1000, [...ofKind, ...ofError])
  }

  #callOf(run: Run | undefined, first: Event): CallSpan {
    const index = first.part === "ask" ? run?.indexes.get(first.ask) : undefined
    return new CallSpan(this.#around, run?.own ?? this.#ended.get(first.run), first, index)
  }

  #endCall(run: Run | undefined, key: object | string, call: CallSpan, at: number, failure?: Failure): void {
    call.end(at, failure)
    if (run === undefined) return void this.#calls.delete(key)
    run.calls.delete(key)
    run.costUsd = run.costUsd === undefined || call.costUsd === undefined ? undefined : run.costUsd + call.costUsd
    if (failure === undefined || failure === interrupted) return
    run.firstFailure ??= failure.reason
    // A synthesis has no run without its document.
    if (run.isResearched) run.error ??= failure.reason
  }

  #addUnannounced(run: Run | undefined, scope: object | string, event: Event, content?: Content): void {
    if (event._tag === "Dispatched") {
      const call = this.#callOf(run, event)
      call.dispatch(event, content)
      const isHedge = event.hedge === true
      this.#unannounced.push({ call, scope, attempt: event.attempt, isHedge })
      return
    }
    if (event._tag === "Reused") {
      const call = this.#callOf(run, event)
      call.reuse(event, content)
      return call.end(event.at)
    }
    if (event._tag === "FirstToken") {
      return this.#unannounced.find((each) => each.scope === scope && !each.isHedge)?.call.firstToken(event)
    }
    if (event._tag !== "Replied" && event._tag !== "AttemptFailed") return
    const isHedge = event.hedge === true
    const index = this.#unannounced.findIndex(
      (each) => each.scope === scope && each.attempt === event.attempt && each.isHedge === isHedge
    )
    const [found] = index === -1 ? [] : this.#unannounced.splice(index, 1)
    if (found === undefined) return
    found.call.endAttempt(event, content)
    found.call.end(event.at, event._tag === "AttemptFailed" ? event : undefined)
  }
}

/** Of an event of no run that is known. */
const outerKeyOf = ({ ask, part, run }: Event, scope: object | undefined): object | string =>
  run === "" && scope !== undefined ? scope : `${run} ${part} ${ask}`

const interrupted: Failure = { reason: "Interrupted", message: "stopped on its way" }

/** A research with fewer answers than its policy needs has failed, by its first failure. */
const endResearch = (run: Run, { answered }: Extract<Event, { readonly _tag: "ResearchEnded" }>): void => {
  run.isResearched = true
  if (answered < answersNeeded(run.policy, run.indexes.size)) run.error = run.firstFailure ?? interrupted.reason
}

/** What goes wrong on the side of the API while a run is killed: about the creation, in a share of the runs, and now and then elsewhere. */
import { fault } from "fanfold/mocks"
import { make } from "../../mocks/time/SeededRandom.ts"
import type { Fault } from "../journal/StandaloneMock.ts"
import * as Subject from "./Subject.ts"

type Operation = NonNullable<Fault["operation"]>
type Kind = readonly [name: string, fault: Fault["fault"]]

const none = undefined

/** Half of the runs have a fault at the creation, most of it with a batch that exists all the same. */
const kinds: Readonly<Partial<Record<Operation, ReadonlyArray<Kind | undefined>>>> = {
  "batches.create": [
    ...Array<undefined>(6).fill(none),
    ["reset after it was made", fault.lost()],
    ["reset after it was made", fault.lost()],
    ["504 after it was made", fault.lost({ status: 504 })],
    ["504 while it was made", Subject.lateCreation],
    ["reset before it was made", fault.reset()],
    ["503 before it was made", fault.unavailable()],
    ["429", fault.rateLimit({ retryAfter: 1 })]
  ],
  "batches.list": [none, none, none, ["500", fault.serverError()]],
  "batches.retrieve": [none, none, none, none, ["529", fault.overloaded()], ["reset", fault.reset()]],
  "batches.results": [none, none, none, ["cut", fault.cut()], ["cut as if complete", fault.cut({ how: "end" })]],
  "batches.item": [none, none, ["one is errored", fault.serverError()], ["one expires", fault.hang()]]
}

/** The faults of one run, and their names. */
export interface InjectedFaults {
  readonly names: ReadonlyArray<string>
  readonly faults: ReadonlyArray<Fault>
  /** Another program has a batch of the same size on the account. */
  readonly hasForeignBatch: boolean
}

/** The share of runs beside a batch of another program. */
const foreignShare = 0.25

/** The faults of the `nth` run (from 0) of a seed: each fault happens once. Results trickle in all runs. */
export const draw = (seed: number, nth: number): InjectedFaults => {
  const { uniform } = make(seed, nth, 2)
  const drawn = (Object.keys(kinds) as Array<Operation>).flatMap((operation) => {
    const all = kinds[operation]!
    const kind = all[Math.floor(uniform(operation) * all.length)]
    if (kind === undefined) return []
    const when = operation === "batches.item" ? { user: Subject.questionOf(uniform("question")) } : {}
    return [{ name: `${operation}: ${kind[0]}`, fault: { fault: kind[1], operation, when, times: 1 } }]
  })
  const hasForeignBatch = uniform("foreign batch") < foreignShare
  return {
    names: [...drawn.map(({ name }) => name), ...(hasForeignBatch ? ["a batch of another program"] : [])],
    faults: [...drawn.map(({ fault }) => fault), Subject.slowResults],
    hasForeignBatch
  }
}

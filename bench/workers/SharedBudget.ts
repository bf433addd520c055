/**
 * Checks that one budget holds for several processes, in virtual time: each takes asks from one queue and has a stack of its
 * own. Some are killed in mid-run, their asks are given to the others, and one of those folds the answers.
 */
import { Effect, Fiber, Layer, Random } from "effect"
import { TestClock } from "effect/testing"
import { Ask, Budget, Call, Claude, type Message, Research, Stack } from "fanfold"
import * as MemoryRegister from "../../test/MemoryRegister.ts"
import { billing, drawn, limitUsd, plannedCall, type Spent } from "../delivery/Budget.ts"

/** A process as the simulation knows it. */
export type Member = Pick<ReturnType<ReturnType<typeof MemoryRegister.make>["join"]>, "register" | "isKilled">

/**
 * `kills`: how many of the processes are killed. `join`: gives each process its register; in memory by default. `pass`: lets so
 * many milliseconds pass; in virtual time by default.
 */
export interface Options {
  readonly processes: number
  readonly kills: number
  readonly join?: () => Member
  readonly pass?: (millis: number) => Effect.Effect<void>
}

/** Calls of all processes at once. */
const inFlight = 50

/** After so long the asks of a killed process are given to another. */
const redeliveryMillis = 2000

/** One exchange with the register, there and back. */
const exchangeMillis = 2

/** The id of the run. */
const run = "run"

const simulate = Effect.fnUntraced(function* ({
  join = inMemory(),
  kills,
  pass = TestClock.adjust,
  processes
}: Options) {
  const { bill, claude } = billing()
  const { asks, synthesis } = yield* drawn
  const named = Object.fromEntries(asks.map((ask, index) => [`ask${index + 1}`, ask]))
  const open = Object.keys(named)
  const lost: Array<string> = []
  const answers = new Map<string, Message.Reply>()
  let overBudget = 0

  const stackOf = ({ register }: Member) =>
    Stack.layerOver({ budget: limitUsd, pacing: { inFlight } }).pipe(
      Layer.provide([claude.layer, Layer.succeed(Budget.Account, { register, name: "budget" })])
    )

  /** Takes asks until none is left. */
  const place = Effect.gen(function* () {
    while (answers.size + overBudget < asks.length) {
      const name = open.shift()
      if (name === undefined) yield* Effect.sleep(100)
      else {
        const asked = Effect.onInterrupt(Ask.resolve(named[name]!, undefined, name), () =>
          Effect.sync(() => void lost.push(name))
        )
        const result = yield* Effect.result(asked)
        if (result._tag === "Success") answers.set(name, result.success.reply)
        else overBudget++
      }
    }
  })

  const members = Array.from({ length: processes }, join)
  const places = Array.from({ length: Math.ceil(inFlight / processes) }, () => place)
  const fibers = yield* Effect.forEach(members, (member) =>
    Effect.all(places, { concurrency: "unbounded" }).pipe(
      plannedCall(synthesis, named),
      Effect.updateService(Call.Current, (call) => ({ ...call, run })),
      Effect.provide(stackOf(member)),
      Effect.forkChild
    )
  )
  for (let nth = 0; nth < kills; nth++) {
    yield* pass(yield* Random.nextIntBetween(1, 4000))
    members[nth]!.isKilled = true
    yield* Effect.forkChild(Fiber.interrupt(fibers[nth]!))
    yield* pass(redeliveryMillis)
    open.push(...lost.splice(0))
  }
  while (fibers.some((fiber) => fiber.pollUnsafe() === undefined)) yield* pass(1000)

  const answered = Object.fromEntries(Object.entries(named).filter(([name]) => answers.has(name)))
  const folding = yield* Research.run(answered).pipe(
    Effect.andThen(synthesis),
    plannedCall(synthesis, named),
    Effect.provide(answering(answers).pipe(Layer.provide(stackOf(members.at(-1)!)))),
    Effect.isSuccess,
    Effect.forkChild
  )
  while (folding.pollUnsafe() === undefined) yield* pass(1000)
  const isFolded = answers.size === 0 || (yield* Fiber.join(folding))
  return { asks: asks.length, answered: answers.size, overBudget, billedUsd: bill.usd, isFolded }
})

const inMemory = () => MemoryRegister.make(exchangeMillis).join

/** Answers asks as the queue does, and sends the synthesis for their run. */
const answering = (answers: ReadonlyMap<string, Message.Reply>) =>
  Claude.layerAround(
    (send) => (request) =>
      Effect.flatMap(Call.Current, (call) =>
        call.part === "ask"
          ? Effect.succeed(answers.get(call.ask)!)
          : Effect.provideService(send(request), Call.Current, { ...call, run })
      )
  )

/** One run of several processes under the budget, by the clock around it; the last of them must not be killed. */
export const runLive = (seed: number, options: Options): Effect.Effect<Spent> =>
  simulate(options).pipe(Random.withSeed(`budget ${seed}`), Effect.scoped)

/** The same in virtual time. */
export const runVirtual = (seed: number, options: Options): Effect.Effect<Spent> =>
  Effect.provide(runLive(seed, options), TestClock.layer())

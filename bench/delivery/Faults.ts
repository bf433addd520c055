/** Thousands of runs in virtual time, each with the faults of its seed: what must never happen in any of them. */
import { Clock, Duration, Effect, Fiber, Layer, Random } from "effect"
import { TestClock } from "effect/testing"
import { AskError, type Call, Findings, Message, type Policy, Research, Stack, Synthesis } from "fanfold"
import * as FakeClaude from "../../test/FakeClaude.ts"

/** What is wrong with the runs of all seeds; everything but `seeds` and `attempts` should be zero. */
export interface Figures {
  readonly seeds: number
  readonly attempts: number
  /** Runs that did not end. */
  readonly hangs: number
  /** Asks that ended not once, or without the answer that was delivered or was to be had. */
  readonly lost: number
  /** Answers that were delivered again, after they had been delivered whole. */
  readonly doubled: number
  /** Runs that left a call or a timer behind. */
  readonly leftovers: number
  /** Runs whose events were others when the seed was played again. */
  readonly differing: number
  /** The first complaints, by seed. */
  readonly complaints: ReadonlyArray<string>
}

/** Far beyond the time that the asks of a run have, one after the other. */
const longestHours = 24

/** Short, so that what hangs is tried again; an ask has time for many tries. */
const options: Stack.Options = { timeout: { attempt: "30 seconds" }, retry: { within: "30 minutes" } }

const document = "One line of a document, of which there are many. ".repeat(100)

/** A gate that holds some back, a budget that is never reached, copies of stragglers. */
const variants: ReadonlyArray<Stack.Options> = [
  {},
  { hedge: { after: "1 second" } },
  { pacing: { inFlight: 2 } },
  { pacing: { limits: { rpm: 120 } } },
  { budget: 100 }
]

interface Scenario {
  readonly asks: number
  readonly policy: Policy.Policy
  readonly concurrency: Research.Concurrency
  readonly options: Stack.Options
  /** Of all asks: long enough for the cache, so that one leads. */
  readonly context: string | undefined
  /** Share of attempts that meet a fault. */
  readonly faulty: number
  readonly interruptAtMillis: number | undefined
}

const oneOf = <A>(items: ReadonlyArray<A>): Effect.Effect<A> =>
  Effect.map(Random.next, (random) => items[Math.floor(random * items.length)]!)

const between = (least: number, most: number): Effect.Effect<number> => Random.nextIntBetween(least, most)

const drawScenario = Effect.gen(function* () {
  const asks = yield* between(4, 8)
  const needed = yield* between(1, asks)
  const scenario: Scenario = {
    asks,
    policy: yield* oneOf<Policy.Policy>(["all", "best-effort", "best-effort", { atLeast: needed }, { first: needed }]),
    concurrency: yield* oneOf<Research.Concurrency>(["unbounded", "unbounded", 1, 2, 3]),
    options: { ...options, ...(yield* oneOf(variants)) },
    context: yield* oneOf([undefined, undefined, undefined, document]),
    faulty: yield* oneOf([0.1, 0.3, 0.5]),
    interruptAtMillis: (yield* Random.next) < 0.1 ? yield* between(0, 5000) : undefined
  }
  return scenario
})

const paid = { ...Message.noUsage, inputTokens: 10, outputTokens: 3 }

/** How long a fault takes, and the error; `undefined` never ends. */
const faults: ReadonlyArray<() => readonly [millis: number, AskError.AskError] | undefined> = [
  () => [30, FakeClaude.overloaded()],
  () => [30, FakeClaude.failure(new AskError.RateLimited({ detail: "slow down", retryAfterMillis: 2000 }))],
  () => [30, FakeClaude.failure(new AskError.ServerError({ detail: "broken", status: 500 }))],
  () => [1, FakeClaude.failure(new AskError.Unreachable({ detail: "reset", isPassing: true }))],
  () => [
    200,
    FakeClaude.failure(new AskError.CutOff({ detail: "terminated" }), { usage: paid, partialText: "half an" })
  ],
  () => undefined
]

/** Answers late, very late, not at all, or with an error; keeps book of what it has delivered. */
const claudeOf = (scenario: Scenario) => {
  const delivered = new Map<string, number>()
  const answer = Effect.fnUntraced(function* ({ call }: { readonly call: Call.Call }) {
    if ((yield* Random.next) < scenario.faulty) {
      const fault = (yield* oneOf(faults))()
      if (fault === undefined) return yield* Effect.never
      yield* Effect.sleep(fault[0])
      return yield* fault[1]
    }
    const isSlow = (yield* Random.next) < 0.05
    yield* Effect.sleep(yield* isSlow ? between(5000, 20_000) : between(100, 900))
    delivered.set(call.ask, (delivered.get(call.ask) ?? 0) + 1)
    return FakeClaude.reply(`re ${call.ask}`)
  })
  return Object.assign(FakeClaude.make(answer), { delivered })
}

/** Virtual time that knows how many sleep, and has whole milliseconds, as a machine's clock has. */
const countingClock = Effect.gen(function* () {
  const clock = yield* Clock.Clock
  const book = { sleepers: 0 }
  const sleep: Clock.Clock["sleep"] = (duration) =>
    Effect.suspend(() => {
      book.sleepers++
      return Effect.ensuring(
        clock.sleep(Duration.millis(Math.ceil(Duration.toMillis(duration)))),
        Effect.sync(() => void book.sleepers--)
      )
    })
  return { book, clock: { ...clock, sleep } }
})

const countOf = ({ findings }: Findings.Findings): number => findings.filter((one) => !Findings.isGap(one)).length

/** One run of a seed. */
const play = (seed: number) =>
  Effect.gen(function* () {
    const scenario = yield* drawScenario
    const claude = claudeOf(scenario)
    const { events, listen } = FakeClaude.recorder()
    const { book, clock } = yield* countingClock
    const names = Array.from({ length: scenario.asks }, (_, index) => `q${index}`)
    const { concurrency, context, policy } = scenario
    const run = Research.run(FakeClaude.asksOf(...names), { concurrency, context, policy }).pipe(
      Effect.catch(({ findings }) => Effect.succeed(findings as Findings.Findings)),
      Effect.tap((findings) => (countOf(findings) === 0 ? Effect.void : Effect.ignore(fold(findings)))),
      Effect.provide(Stack.layerOver(scenario.options).pipe(Layer.provide(claude.layer))),
      listen,
      Effect.provideService(Clock.Clock, clock)
    )
    const fiber = yield* Effect.forkChild(run)
    if (scenario.interruptAtMillis !== undefined) {
      yield* TestClock.adjust(scenario.interruptAtMillis)
      yield* Effect.forkChild(Fiber.interrupt(fiber))
    }
    for (let hour = 0; fiber.pollUnsafe() === undefined && hour < longestHours; hour++)
      yield* TestClock.adjust("1 hour")
    const exit = fiber.pollUnsafe()
    // What the end of the run has set off may still be on its way.
    yield* Effect.yieldNow
    return { scenario, claude, events, names, exit, sleepers: book.sleepers }
  }).pipe(Random.withSeed(`delivery ${seed}`), Effect.provide(TestClock.layer()), Effect.runPromise)

type Played = Awaited<ReturnType<typeof play>>

const fold = Synthesis.text("Fold them.")

const ends = new Set(["Answered", "Failed", "Interrupted"])

/** What is wrong with the asks of a run that ended, and with its synthesis. */
const lostIn = ({ claude, events, exit, names, scenario }: Played): ReadonlyArray<string> => {
  const endsOf = (name: string) => events.filter(({ _tag, ask }) => ask === name && ends.has(_tag))
  const findings = exit?._tag === "Success" ? exit.value : undefined
  const mayStop = findings === undefined || (typeof scenario.policy === "object" && "first" in scenario.policy)
  const wrong = names.flatMap((name) => {
    const [end, ...more] = endsOf(name)
    if (end === undefined || more.length > 0) return [`${name} has not one end`]
    const outcome = findings?.findings.find((one) => one.name === name)?.outcome._tag ?? end._tag
    if (outcome !== end._tag) return [`${name} is ${outcome}, its event ${end._tag}`]
    if (claude.delivered.has(name) && end._tag !== "Answered") return [`${name} was delivered, and ${end._tag}`]
    // All faults pass: whoever is not stopped gets an answer.
    if (end._tag === "Failed") return [`${name} failed: ${end.message}`]
    return end._tag === "Interrupted" && !mayStop ? [`${name} was interrupted`] : []
  })
  if (findings === undefined || countOf(findings) === 0) return wrong
  const folded = endsOf("synthesis").map(({ _tag }) => _tag)
  return folded.join() === "Answered" ? wrong : [...wrong, `the synthesis: ${folded.join()}`]
}

/** Plays every seed from 1, twice. `tell` is told how far it has come. */
export const measure = async (seeds: number, tell: (seed: number) => void = () => {}): Promise<Figures> => {
  const complaints: Array<string> = []
  const figures = { attempts: 0, hangs: 0, lost: 0, doubled: 0, leftovers: 0, differing: 0 }
  for (let seed = 1; seed <= seeds; seed++) {
    const note = (kind: keyof typeof figures, all: ReadonlyArray<string>): void => {
      figures[kind] += all.length
      complaints.push(...all.map((what) => `seed ${seed}: ${what}`))
    }
    const played = await play(seed)
    const { claude, events, exit, sleepers } = played
    figures.attempts += claude.sent.length
    if (exit === undefined) note("hangs", ["the run did not end"])
    else note("lost", lostIn(played))
    note(
      "doubled",
      [...claude.delivered].flatMap(([name, times]) => (times > 1 ? [`${name} was delivered ${times} times`] : []))
    )
    if (claude.inFlight + sleepers > 0) note("leftovers", [`${claude.inFlight} calls and ${sleepers} timers are left`])
    const again = await play(seed)
    if (JSON.stringify(again.events) !== JSON.stringify(events)) note("differing", ["events differ"])
    tell(seed)
  }
  return { seeds, ...figures, complaints: complaints.slice(0, 20) }
}

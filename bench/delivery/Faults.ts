/** Runs the whole stack in virtual time, twice for each seed with the seed's faults, and counts violated invariants. */
import { Clock, Duration, Effect, Fiber, Layer, Random } from "effect"
import { TestClock } from "effect/testing"
import { Findings, Research, Stack, Synthesis } from "fanfold"
import * as FakeClaude from "../../test/FakeClaude.ts"
import * as FaultScenario from "./FaultScenario.ts"

/** Counts over all seeds; all but `seeds` and `attempts` should be zero. */
export interface Figures {
  readonly seeds: number
  readonly attempts: number
  /** Runs that did not end. */
  readonly hangs: number
  /** Asks that did not end exactly once, or ended without an answer although one was delivered or possible. */
  readonly lost: number
  /** Asks whose complete answer was delivered more than once. */
  readonly doubled: number
  /** Runs after which a call or a timer remained. */
  readonly leftovers: number
  /** Seeds whose second run had other events. */
  readonly differing: number
  /** The first 20 violations, with their seeds. */
  readonly violations: ReadonlyArray<string>
}

/** Virtual hours after which a run counts as hanging: more than all asks of a run may take in sequence. */
const maxHours = 24

/** A virtual clock that counts the sleeping fibers, and rounds up to whole milliseconds like a real timer. */
const countingClock = Effect.gen(function* () {
  const clock = yield* Clock.Clock
  const state = { sleepers: 0 }
  const sleep: Clock.Clock["sleep"] = (duration) =>
    Effect.suspend(() => {
      state.sleepers++
      return Effect.ensuring(
        clock.sleep(Duration.millis(Math.ceil(Duration.toMillis(duration)))),
        Effect.sync(() => void state.sleepers--)
      )
    })
  return { state, clock: { ...clock, sleep } }
})

const answersIn = ({ findings }: Findings.Findings): number => findings.filter((one) => !Findings.isGap(one)).length

/** One run of a seed. */
const play = (seed: number) =>
  Effect.gen(function* () {
    const scenario = yield* FaultScenario.draw
    const claude = FaultScenario.claudeOf(scenario)
    const { events, listen } = FakeClaude.recorder()
    const { clock, state } = yield* countingClock
    const names = Array.from({ length: scenario.asks }, (_, index) => `q${index}`)
    const { concurrency, context, policy } = scenario
    const run = Research.run(FakeClaude.asksOf(...names), { concurrency, context, policy }).pipe(
      Effect.catch(({ findings }) => Effect.succeed(findings as Findings.Findings)),
      Effect.tap((findings) => (answersIn(findings) === 0 ? Effect.void : Effect.ignore(synthesize(findings)))),
      Effect.provide(Stack.layerOver(scenario.options).pipe(Layer.provide(claude.layer))),
      listen,
      Effect.provideService(Clock.Clock, clock)
    )
    const fiber = yield* Effect.forkChild(run)
    if (scenario.interruptAtMillis !== undefined) {
      yield* TestClock.adjust(scenario.interruptAtMillis)
      yield* Effect.forkChild(Fiber.interrupt(fiber))
    }
    for (let hour = 0; fiber.pollUnsafe() === undefined && hour < maxHours; hour++) yield* TestClock.adjust("1 hour")
    const exit = fiber.pollUnsafe()
    // Finalizers that the end of the run has scheduled run in the next turn.
    yield* Effect.yieldNow
    return { scenario, claude, events, names, exit, sleepers: state.sleepers }
  }).pipe(Random.withSeed(`delivery ${seed}`), Effect.provide(TestClock.layer()), Effect.runPromise)

type Played = Awaited<ReturnType<typeof play>>

const synthesize = Synthesis.text("Fold them.", { contradictions: "off" })

const ends = new Set(["Answered", "Failed", "Interrupted"])

/** Violations in the asks and the synthesis of a run that ended. */
const lostIn = ({ claude, events, exit, names, scenario }: Played): ReadonlyArray<string> => {
  const endsOf = (name: string) => events.filter(({ _tag, ask }) => ask === name && ends.has(_tag))
  const findings = exit?._tag === "Success" ? exit.value : undefined
  const mayStop = findings === undefined || (typeof scenario.policy === "object" && "first" in scenario.policy)
  const wrong = names.flatMap((name) => {
    const [end, ...more] = endsOf(name)
    if (end === undefined || more.length > 0) return [`${name} did not end exactly once`]
    const outcome = findings?.findings.find((one) => one.name === name)?.outcome._tag ?? end._tag
    if (outcome !== end._tag) return [`${name} is ${outcome}, its event ${end._tag}`]
    if (claude.delivered.has(name) && end._tag !== "Answered") return [`${name} was delivered, and ${end._tag}`]
    // All faults are temporary: an ask that is not interrupted gets an answer.
    if (end._tag === "Failed") return [`${name} failed: ${end.message}`]
    return end._tag === "Interrupted" && !mayStop ? [`${name} was interrupted`] : []
  })
  if (findings === undefined || answersIn(findings) === 0) return wrong
  const synthesis = endsOf("synthesis").map(({ _tag }) => _tag)
  return synthesis.join() === "Answered" ? wrong : [...wrong, `the synthesis: ${synthesis.join()}`]
}

/** Plays seeds 1 to `seeds`, each twice. Calls `onSeed` after each. */
export const measure = async (seeds: number, onSeed: (seed: number) => void = () => {}): Promise<Figures> => {
  const violations: Array<string> = []
  const figures = { attempts: 0, hangs: 0, lost: 0, doubled: 0, leftovers: 0, differing: 0 }
  for (let seed = 1; seed <= seeds; seed++) {
    const note = (kind: keyof typeof figures, all: ReadonlyArray<string>): void => {
      figures[kind] += all.length
      violations.push(...all.map((what) => `seed ${seed}: ${what}`))
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
    onSeed(seed)
  }
  return { seeds, ...figures, violations: violations.slice(0, 20) }
}

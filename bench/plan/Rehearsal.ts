/** Finds the simulated latency of each of a plan's asks by a run without waiting, against a mock that logs what it planned. */
import { Effect, Layer, Redacted } from "effect"
import { Call, Claude, type Message, type Research, Stack } from "fanfold"
import { examples, type latency, mockClaude } from "fanfold/mocks"

/** Times and cost of one run. Wall milliseconds; `costUsd` is undefined if a model has no known price. */
export interface Run {
  readonly researchMillis: number
  readonly synthesisMillis: number
  readonly usage: Message.Usage
  readonly costUsd: number | undefined
}

/** A plan's name, its stack options, and a function that runs it. */
export interface Subject<E> {
  readonly plan: string
  readonly layers: Stack.Options
  readonly run: (concurrency: Research.Concurrency) => Effect.Effect<Run, E, Claude.Claude>
}

/** The options that determine the simulated times. */
export interface Simulation {
  readonly seed: number
  readonly latency: { readonly latency: latency.Latency }
}

type Mock = ReturnType<typeof mockClaude>

/** A mock for one run: a latency depends on how often a request was sent before, so runs do not share a mock. */
export const mockOf = ({ latency, seed }: Simulation, timeScale: number): Mock =>
  mockClaude({
    seed,
    latency: latency.latency,
    timeScale,
    scenario: examples,
    journalEntries: Number.POSITIVE_INFINITY
  })

/** The plan's stack with `pacing.inFlight`, so that Pacing delays nothing, and without retries, which would hide a failure. */
export const stackOf = (layers: Stack.Options, fetch: typeof globalThis.fetch, inFlight: number) =>
  Stack.layer({
    ...layers,
    pacing: { inFlight },
    retry: { ...layers.retry, attempts: 1 },
    apiKey: Redacted.make("offline"),
    fetch
  })

const ascending = (a: number, b: number): number => a - b

/** Simulated milliseconds of every call that a mock answered, ascending. */
export const plannedOf = ({ journal }: Mock): ReadonlyArray<number> =>
  journal.entries.map(({ plannedMillis }) => plannedMillis).toSorted(ascending)

/** Throws unless both are the same: arms that waited for different latencies cannot be compared. */
export const assertSame = (met: ReadonlyArray<number>, planned: ReadonlyArray<number>, arm: string): void => {
  if (met.length === planned.length && met.every((millis, index) => millis === planned[index])) return
  throw new Error(`${arm} met other latencies than the rehearsal: the plan does not send the same requests each time`)
}

/** A request that was sent, for `resend`. */
export interface Sent {
  readonly url: string
  readonly init: RequestInit
}

/**
 * Runs the plan once without waiting, its asks in sequence. The simulated latency of an ask does not depend on when it
 * arrives, so later runs get the same ones. An ask's time is the sum of its calls. Also compiles the code.
 */
export const rehearse = Effect.fnUntraced(function* <E>(subject: Subject<E>, simulation: Simulation) {
  const claude = mockOf(simulation, 0)
  const requests: Array<Sent> = []
  const fetch: typeof globalThis.fetch = (input, init = {}) => {
    const { body, headers, method } = init
    requests.push({
      url: input instanceof Request ? input.url : String(input),
      init: { ...(body != null && { body }), ...(headers && { headers }), ...(method && { method }) }
    })
    return claude.fetch(input, init)
  }
  const millis = new Map<string, number>()
  const planned: Array<number> = []
  let hasSynthesis = false
  let synthesisMillis = 0
  const recording = Layer.effect(
    Claude.Claude,
    Effect.map(Claude.Claude, ({ send }) =>
      Claude.Claude.of({
        send: (request) =>
          Effect.flatMap(Call.Current, ({ ask, part }) =>
            Effect.tap(send(request), () =>
              Effect.sync(() => {
                const calls = plannedOf(claude)
                claude.journal.clear()
                planned.push(...calls)
                const taken = calls.reduce((sum, millis) => sum + millis, 0)
                if (part === "ask") millis.set(ask, (millis.get(ask) ?? 0) + taken)
                else {
                  hasSynthesis = true
                  synthesisMillis += taken
                }
              })
            )
          )
      })
    )
  ).pipe(Layer.provide(stackOf(subject.layers, fetch, 1)))
  yield* Effect.provide(subject.run(1), recording)
  const asks = [...millis].map(([name, millis]) => ({ name, millis }))
  return { asks, hasSynthesis, synthesisMillis, requests, planned: planned.toSorted(ascending) }
})

/** Sends the requests again, in sequence and without the SDK, and reads the replies. */
export const resend = (requests: ReadonlyArray<Sent>, fetch: typeof globalThis.fetch): Effect.Effect<void> =>
  Effect.forEach(
    requests,
    ({ init, url }) => Effect.promise(() => fetch(url, init).then((response) => response.text())),
    { discard: true }
  )

/** Folds simulated answers with a Claude that does what the prompt says, in virtual time, and looks at what became of them. */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { Clock, Effect, Fiber, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Ask, Call, Claude, Event, Message, Research, Synthesis } from "fanfold"
import * as Prompt from "../../mocks/answers/Prompt.ts"
import * as WrittenSynthesis from "../../mocks/answers/WrittenSynthesis.ts"

setFlagsFromString("--expose-gc")
/** Collects garbage, so that what is measured is in use. */
const collect: () => void = runInNewContext("gc")

const charactersPerToken = 4.4

/** An answer of so many tokens with one sentence that no other has. */
export const answerOf = (n: number, tokens: number): string => {
  const filler = "Most of what is written here could be said of any other place as well. "
  const text = `The planted marker is ${markerOf(n)} here. `
  return text + filler.repeat(Math.ceil((tokens * charactersPerToken - text.length) / filler.length))
}
export const markerOf = (n: number): string => `M${100_000 + n}`

const model = "claude-sonnet-5-5"

/** Of a fold: its level, when it was sent, how long it took, and the asks that its prompt has. */
interface Sent {
  readonly level: number
  readonly millis: number
  readonly names: ReadonlyArray<string>
}

const replyOf = (text: string, prompt: string): Message.Reply => ({
  id: "msg_1",
  model,
  content: [{ type: "text", text }],
  stopReason: "end_turn",
  stopSequence: null,
  usage: {
    ...Message.noUsage,
    inputTokens: Math.ceil(prompt.length / charactersPerToken),
    outputTokens: Math.ceil(text.length / charactersPerToken)
  },
  headers: {}
})

export interface Played {
  readonly document: string
  readonly folds: ReadonlyArray<Sent>
  readonly makespanMillis: number
  /** The slowest fold of each level, one level after the other. */
  readonly idealMillis: number
  readonly peakBytes: number
}

/** Folds `count` answers. `isTimed`: a fold takes a second, and 15 ms for each token that it writes. */
export const play = (
  count: number,
  tokens: number,
  options: Synthesis.Options,
  isTimed: boolean
): Effect.Effect<Played, unknown> =>
  Effect.gen(function* () {
    const folds: Array<Sent> = []
    let [baseline, peakBytes] = [0, 0]
    const send = Effect.fnUntraced(function* (request: Message.Request) {
      const { level, part } = yield* Call.Current
      const content = request.messages.at(-1)?.content
      const question = typeof content === "string" ? content : ""
      if (part === "ask") return replyOf(answerOf(Number(question), tokens), question)
      const prompt = Prompt.read({ messages: [{ role: "user", content: question }] })
      const words = prompt.foldWords ?? 8000
      const reply = replyOf(WrittenSynthesis.condense({ ...prompt, foldWords: words }), question)
      const millis = 1000 + 15 * reply.usage.outputTokens
      folds.push({ level, millis, names: prompt.findings.map(({ name }) => name) })
      if (folds.length % 50 === 0) collect()
      if (folds.length % 50 === 0) peakBytes = Math.max(peakBytes, process.memoryUsage().heapUsed - baseline)
      if (isTimed) yield* Effect.sleep(millis)
      return reply
    })
    const claude = Layer.succeed(Claude.Claude, Claude.Claude.of({ send }))
    const asks = Object.fromEntries(Array.from({ length: count }, (_, n) => [`q${n}`, Ask.text(String(n))]))
    const run = Effect.gen(function* () {
      const findings = yield* Research.run(asks, { concurrency: 64 })
      collect()
      baseline = process.memoryUsage().heapUsed
      const startedAt = yield* Clock.currentTimeMillis
      const document = yield* Synthesis.text("Say all that is planted.", { model, contradictions: "off", ...options })(
        findings
      )
      return { document, makespanMillis: (yield* Clock.currentTimeMillis) - startedAt }
    }).pipe(Effect.provide(claude), Effect.provideService(Event.Listener, { emit: () => Effect.void }))
    const fiber = yield* Effect.forkChild(run)
    if (isTimed) while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("200 millis")
    const { document, makespanMillis } = yield* Fiber.join(fiber)
    const slowest = [...Map.groupBy(folds, ({ level }) => level).values()].map((level) =>
      Math.max(...level.map(({ millis }) => millis))
    )
    return {
      document,
      folds,
      makespanMillis,
      idealMillis: slowest.reduce((sum, millis) => sum + millis, 0),
      peakBytes
    }
  }).pipe(
    isTimed ? Effect.provide(TestClock.layer()) : (effect) => effect,
    Effect.provideServiceEffect(Scope.Scope, Scope.make())
  )

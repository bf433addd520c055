/** What the compiler must reject. `npm run check:types` proves this file; running it does little. */
// The misuses below are the point of this file.
// @effect-diagnostics missingEffectContext:off missingEffectError:off globalErrorInEffectFailure:off
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import {
  Ask,
  Claude,
  Continue,
  type Findings,
  Message,
  Pacing,
  Research,
  Retry,
  Stack,
  Synthesis,
  Timeout,
  Warm
} from "fanfold"

const Market = Schema.Struct({ euro: Schema.Finite, note: Schema.String })
const market = Ask.object("How large?", Market)
const rivals = Ask.text("Who?")

type Market = typeof Market.Type

/** Code that is compiled and never run. */
const compiled = (code: () => unknown): void => assert.isFunction(code)

describe("the compiler rejects", () => {
  it("a misspelled or impossible policy", () => {
    compiled(() => [
      // @ts-expect-error no such policy
      Research.run({ rivals }, { policy: "best-efort" }),
      // @ts-expect-error no such policy
      Research.run({ rivals }, { policy: { atleast: 1 } }),
      // @ts-expect-error a policy has one number
      Research.run({ rivals }, { policy: { first: "2" } })
    ])
  })

  it("what is no ask", () => {
    compiled(() => [
      // @ts-expect-error a question alone is no ask
      Research.run({ rivals: "Who?" }),
      // @ts-expect-error a question alone is no ask
      Research.run(["Who?"]),
      // @ts-expect-error an Effect has no question
      Research.run({ rivals: Effect.succeed("me") }),
      // @ts-expect-error a question is text
      Ask.text(5),
      // @ts-expect-error an object needs its schema
      Ask.object("How large?")
    ])
  })

  it("reading an answer that may be missing", () => {
    compiled(() => [
      Research.run({ rivals }, { policy: "best-effort" }).pipe(
        // @ts-expect-error it may be undefined under best-effort
        Effect.map(({ answers }) => answers.rivals.length)
      ),
      Research.run([market], { policy: { first: 1 } }).pipe(
        // @ts-expect-error it may be undefined under { first }
        Effect.map(({ answers }) => answers[0].euro)
      )
    ])
  })

  it("a field or a name that no answer has", () => {
    compiled(() => [
      // @ts-expect-error the answer has euro and note
      Research.run({ market }).pipe(Effect.map(({ answers }) => answers.market.dollar)),
      // @ts-expect-error nobody asked for rules
      Research.run({ market }).pipe(Effect.map(({ answers }) => answers.rules)),
      // @ts-expect-error there is one ask
      Research.run([market]).pipe(Effect.map(({ answers }) => answers[1])),
      // @ts-expect-error prose has no fields
      Research.run({ rivals }).pipe(Effect.map(({ answers }) => answers.rivals.euro))
    ])
  })

  it("changing findings", () => {
    compiled(() =>
      Research.run({ market }).pipe(
        Effect.map(({ answers }) => {
          // @ts-expect-error answers are read-only
          answers.market = { euro: 1, note: "" }
        })
      )
    )
  })

  it("a setting that is none, or of another type", () => {
    compiled(() => [
      // @ts-expect-error it is maxTokens
      Ask.text("Who?", { maxtokens: 5 }),
      // @ts-expect-error the API has no temperature
      Ask.text("Who?", { temperature: 0 }),
      // @ts-expect-error a number
      Ask.text("Who?", { maxTokens: "many" }),
      // @ts-expect-error an effort the API names
      Ask.text("Who?", { effort: "huge" }),
      // @ts-expect-error a time with its unit
      Ask.text("Who?", { timeout: "soon" }),
      Ask.text("Who?", { model: ["claude-sonnet-5-5", "claude-haiku-5-5"] }),
      // @ts-expect-error a list names a model
      Ask.text("Who?", { model: [] }),
      // @ts-expect-error models have names
      Ask.text("Who?", { model: 5 }),
      // @ts-expect-error the context is the research's
      Ask.text("Who?", { context: "a document" }),
      // @ts-expect-error it is maxTokens
      Synthesis.text("Write.", { maxtokens: 5 })
    ])
  })

  it("a concurrency that is no number", () => {
    compiled(() => [
      // @ts-expect-error a number or "unbounded"
      Research.run({ rivals }, { concurrency: "many" }),
      // @ts-expect-error a stream has no policy: every outcome is a finding
      Research.stream({ rivals }, { policy: "all" })
    ])
  })

  it("options of a layer that it does not have", () => {
    compiled(() => [
      // @ts-expect-error it is attempts
      Retry.layer({ times: 3 }),
      // @ts-expect-error it is inFlight
      Pacing.layer({ concurrency: 3 }),
      // @ts-expect-error it is maxWait
      Warm.layer({ wait: "1 second" }),
      // @ts-expect-error it is stall
      Timeout.layer({ stalled: "1 second" }),
      // @ts-expect-error it is turns
      Continue.layer({ times: 3 }),
      // @ts-expect-error a key is redacted
      Stack.layer({ apiKey: "sk-ant" })
    ])
  })

  it("running without a Claude", () => {
    compiled(() => [
      // @ts-expect-error nobody answers
      Effect.runPromise(rivals),
      // @ts-expect-error nobody answers
      Effect.runPromise(Research.run({ rivals })),
      // @ts-expect-error nobody folds
      Effect.runPromise(Effect.flatMap(Effect.succeed({} as Findings.Findings), Synthesis.text("Write."))),
      // @ts-expect-error a layer around Claude is no Claude
      Effect.runPromise(Effect.provide(rivals, Retry.layer()))
    ])
  })

  it("a schema that is none", () => {
    compiled(() => [
      // @ts-expect-error text is no schema
      Ask.object("q", "string"),
      // @ts-expect-error a number is no schema
      Synthesis.object("q", 5)
    ])
  })

  it("folding what is no finding", () => {
    compiled(() => [
      // @ts-expect-error answers alone do not say which are missing
      Effect.map(Research.run({ rivals }), ({ answers }) => Synthesis.text("Write.")(answers)),
      // @ts-expect-error an ask is no finding
      Synthesis.text("Write.")(rivals)
    ])
  })

  it("a Claude that does not answer with a Reply", () => {
    compiled(() => [
      // @ts-expect-error text is no reply
      Claude.Claude.of({ send: () => Effect.succeed("yes") }),
      // @ts-expect-error only AskError may fail a call
      Claude.Claude.of({ send: () => Effect.fail(new Error("no")) }),
      // @ts-expect-error a request holds only what changes the answer
      { model: "m", messages: [], maxTokens: 1, timeout: 5 } satisfies Message.Request
    ])
  })
})

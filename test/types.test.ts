/** What the compiler must reject, and the types it must see. `npm run check:types` proves this file; running it does little. */
// The misuses below are the point of this file.
// @effect-diagnostics missingEffectContext:off missingEffectError:off globalErrorInEffectFailure:off
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import { toStandardJsonSchema } from "@valibot/to-json-schema"
import { type } from "arktype"
import { Effect, Layer, Schema, type Stream } from "effect"
import {
  Ask,
  type AskError,
  Budget,
  Claude,
  Continue,
  Fallback,
  type Findings,
  Hedge,
  Message,
  Pacing,
  type Policy,
  Research,
  Retry,
  Stack,
  Synthesis,
  Timeout,
  Warm
} from "fanfold"
import { run } from "fanfold/promise"
import * as v from "valibot"
import { z } from "zod"

const Market = Schema.Struct({ euro: Schema.Finite, note: Schema.String })
const market = Ask.object("How large?", Market)
const rivals = Ask.text("Who?")

type Found<R> = R extends Effect.Effect<infer A, any, any> ? A : never
type AnswersOf<R> = Found<R> extends { readonly answers: infer Answers } ? Answers : never
type Market = typeof Market.Type

/** Code that is compiled and never run. */
const compiled = (code: () => unknown): void => assert.isFunction(code)

describe("the compiler sees", () => {
  it("an ask as an Effect that needs Claude and fails with AskError", () => {
    expectTypeOf(rivals).toExtend<Effect.Effect<string, AskError.AskError, Claude.Claude>>()
    expectTypeOf(market).toEqualTypeOf<Ask.Ask<Market>>()
    compiled(() => {
      const both = Effect.all({ market, rivals }, { concurrency: 2 })
      expectTypeOf(both).toEqualTypeOf<
        Effect.Effect<{ market: Market; rivals: string }, AskError.AskError, Claude.Claude>
      >()
    })
  })

  it("an answer of the type that a schema of another library gives", () => {
    compiled(() => {
      const zod = Ask.object("q", z.object({ n: z.string().transform(Number), o: z.string().optional() }))
      expectTypeOf(zod).toEqualTypeOf<Ask.Ask<{ n: number; o?: string | undefined }>>()
      const valibot = Ask.object("q", toStandardJsonSchema(v.object({ n: v.number() })))
      expectTypeOf(valibot).toEqualTypeOf<Ask.Ask<{ n: number }>>()
      const arktype = Ask.object("q", type({ n: "number", "o?": "'a'|'b'" }))
      expectTypeOf(arktype).toEqualTypeOf<Ask.Ask<{ n: number; o?: "a" | "b" }>>()
      const json = { type: "object", properties: { n: { type: "number" } } } as const
      expectTypeOf(Ask.object("q", json)).toEqualTypeOf<Ask.Ask<unknown>>()
      expectTypeOf(Ask.object<{ n: number }>("q", json)).toEqualTypeOf<Ask.Ask<{ n: number }>>()

      const fold = Synthesis.object("Fold", z.object({ verdict: z.enum(["yes", "no"]) }))
      expectTypeOf(fold).toEqualTypeOf<Synthesis.Synthesis<{ verdict: "yes" | "no" }>>()
      const answered = run({ asks: { zod, arktype, who: "Who?" }, synthesis: fold })
      expectTypeOf<Awaited<typeof answered>["answers"]>().toEqualTypeOf<{
        readonly zod: { n: number; o?: string | undefined }
        readonly arktype: { n: number; o?: "a" | "b" }
        readonly who: string
      }>()
      expectTypeOf<Awaited<typeof answered>["document"]>().toEqualTypeOf<{ verdict: "yes" | "no" }>()
    })
  })

  it("the answers of a record, under each policy", () => {
    compiled(() => {
      const all = Research.run({ market, rivals })
      expectTypeOf<AnswersOf<typeof all>>().toEqualTypeOf<{ readonly market: Market; readonly rivals: string }>()
      const spelled = Research.run({ market, rivals }, { policy: "all", concurrency: 3 })
      expectTypeOf<AnswersOf<typeof spelled>>().toEqualTypeOf<AnswersOf<typeof all>>()

      interface Gappy {
        readonly market: Market | undefined
        readonly rivals: string | undefined
      }
      const bestEffort = Research.run({ market, rivals }, { policy: "best-effort" })
      const atLeast = Research.run({ market, rivals }, { policy: { atLeast: 1 } })
      const first = Research.run({ market, rivals }, { policy: { first: 2 } })
      expectTypeOf<AnswersOf<typeof bestEffort>>().branded.toEqualTypeOf<Gappy>()
      expectTypeOf<AnswersOf<typeof atLeast>>().branded.toEqualTypeOf<Gappy>()
      expectTypeOf<AnswersOf<typeof first>>().branded.toEqualTypeOf<Gappy>()
      const unknownPolicy = Research.run({ market, rivals }, { policy: "all" as Policy.Policy })
      expectTypeOf<AnswersOf<typeof unknownPolicy>>().branded.toEqualTypeOf<Gappy>()
    })
  })

  it("the answers of a tuple and of an array", () => {
    compiled(() => {
      const tuple = Research.run([market, rivals])
      expectTypeOf<AnswersOf<typeof tuple>>().toEqualTypeOf<readonly [Market, string]>()
      const gappy = Research.run([market, rivals], { policy: "best-effort" })
      expectTypeOf<AnswersOf<typeof gappy>>().toEqualTypeOf<readonly [Market | undefined, string | undefined]>()
      const array = Research.run(["a", "b"].map((question) => Ask.text(question)))
      expectTypeOf<AnswersOf<typeof array>>().toEqualTypeOf<ReadonlyArray<string>>()
      const byName: Record<string, Ask.Ask<string>> = {}
      const record = Research.run(byName)
      expectTypeOf<AnswersOf<typeof record>>().toEqualTypeOf<{ readonly [x: string]: string }>()
    })
  })

  it("the answers type by itself", () => {
    type Asks = { readonly market: typeof market; readonly rivals: typeof rivals }
    expectTypeOf<Findings.Answers<Asks, "all">["market"]>().toEqualTypeOf<Market>()
    expectTypeOf<Findings.Answers<Asks, "best-effort">["market"]>().toEqualTypeOf<Market | undefined>()
    expectTypeOf<Findings.Answers<Asks, { readonly first: 2 }>["rivals"]>().toEqualTypeOf<string | undefined>()
    expectTypeOf<Findings.Answers<readonly [typeof rivals], "all">>().toEqualTypeOf<readonly [string]>()
  })

  it("the finished answers in the error of a run", () => {
    compiled(() =>
      Research.run({ market, rivals }).pipe(
        Effect.catchTag("ResearchError", ({ error, findings }) => {
          expectTypeOf(findings.answers.market).toEqualTypeOf<Market | undefined>()
          expectTypeOf(error).toEqualTypeOf<AskError.AskError | undefined>()
          return Effect.void
        })
      )
    )
  })

  it("each finding of a stream under its own name", () => {
    compiled(() => {
      const stream = Research.stream({ market, rivals })
      type Each = typeof stream extends Stream.Stream<infer A, never, Claude.Claude> ? A : never
      expectTypeOf<Each["name"]>().toEqualTypeOf<"market" | "rivals">()
      type Rivals = Extract<Each, { readonly name: "rivals" }>["outcome"]
      expectTypeOf<Extract<Rivals, { readonly _tag: "Answered" }>["value"]>().toEqualTypeOf<string>()
    })
  })

  it("the text of an ask, and each delta of a research beside its findings", () => {
    compiled(() => {
      const text = Ask.textStream(market)
      expectTypeOf(text).toEqualTypeOf<Stream.Stream<string, AskError.AskError, Claude.Claude>>()
      const stream = Research.textStream({ market, rivals })
      type Each = typeof stream extends Stream.Stream<infer A, never, Claude.Claude> ? A : never
      type Delta = Extract<Each, { readonly text: string }>
      expectTypeOf<Delta["name"]>().toEqualTypeOf<"market" | "rivals">()
      expectTypeOf<Delta["offset"]>().toEqualTypeOf<number>()
      expectTypeOf<Exclude<Each, Delta>>().toEqualTypeOf<
        Findings.Finding<Market, "market"> | Findings.Finding<string, "rivals">
      >()
    })
  })

  it("a synthesis as what makes an ask of findings", () => {
    compiled(() => {
      const memo = Synthesis.object("Enter?", Market)
      expectTypeOf<ReturnType<typeof memo>>().toEqualTypeOf<Ask.Ask<Market>>()
    })
  })

  it("the value of a synthesis", () => {
    compiled(() => {
      const memo = Research.run({ rivals }).pipe(Effect.flatMap(Synthesis.object("Enter?", Market)))
      expectTypeOf<Found<typeof memo>>().toEqualTypeOf<Market>()
      const prose = Research.run([market]).pipe(Effect.flatMap(Synthesis.text("Write.")))
      expectTypeOf<Found<typeof prose>>().toEqualTypeOf<string>()
    })
  })

  it("layers that need a Claude and give one", () => {
    type Around = Layer.Layer<Claude.Claude, never, Claude.Claude>
    for (const each of [
      Fallback.layer(),
      Continue.layer(),
      Retry.layer(),
      Hedge.layer(),
      Budget.layer(0.5),
      Warm.layer(),
      Pacing.layer(),
      Timeout.layer(),
      Stack.layerOver()
    ]) {
      expectTypeOf(each).toEqualTypeOf<Around>()
    }
  })
})

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

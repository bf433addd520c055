/** The types that the compiler must see. `npm run check:types` proves this file; running it does little. */
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

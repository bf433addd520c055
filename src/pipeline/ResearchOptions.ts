/** The arguments of a research: names, concurrency and options, and their checks. */
import { type Duration, type Effect, Schema } from "effect"
import * as Source from "../documents/Source.ts"
import * as Issue from "../options/Issue.ts"
import { optional, PositiveDurationInput, PositiveInt } from "../options/OptionSchemas.ts"
import { answersNeeded, Policy } from "../options/Policy.ts"
import type { Ask } from "./Ask.ts"
import type { Asks, Findings } from "./Findings.ts"

/** The rule for names, in words. */
export const nameRule = "a name of 1 to 64 letters, digits, _ or - that begins with a letter or _"

/** A name of an ask. It is a record key, the `ask` of its events, and a mark in citations. */
export const Name = Schema.String.check(Schema.isPattern(/^[A-Za-z_][A-Za-z0-9_-]{0,63}$/, { expected: nameRule }))

/** How many asks may run at once. */
export const Concurrency = Schema.Union([PositiveInt, Schema.Literal("unbounded")]).annotate({
  expected: 'a whole number ≥ 1, or "unbounded"'
})
export type Concurrency = typeof Concurrency.Type

/** A function; its arguments and result are not checked. */
export const AFunction = Schema.Unknown.check(
  Schema.makeFilter((input) => typeof input === "function", { expected: "a function" })
)

/** Options of `run` beside the asks; an `undefined` option counts as not given. */
export const Options = Schema.Struct({
  policy: optional(Policy),
  concurrency: optional(Concurrency),
  context: optional(Source.ContextInCode),
  deadline: optional(PositiveDurationInput),
  onInterrupt: optional(AFunction)
}).annotate({ expected: "options" })
export interface Options<P extends Policy = Policy> {
  /** Default: `"all"`, the first failure ends the research. In plans and on the command line the default is `"best-effort"`. */
  readonly policy?: P | undefined
  /** Default: `"unbounded"`; `Pacing` still keeps the calls in flight within the account's limits. Without effect on `batch`. */
  readonly concurrency?: Concurrency | undefined
  /** What all asks share, sent first, where it can be cached: a text, a file (`{ file }`), a document, or a list of them. */
  readonly context?: Source.Context | undefined
  /** Ends the asks under every policy, counted from the start of the research. An ask without an answer fails then. */
  readonly deadline?: Duration.Input | undefined
  /** Run when the research is interrupted, with the findings until then, which are paid. */
  readonly onInterrupt?: ((findings: Findings) => Effect.Effect<unknown>) | undefined
}

/** One ask with its name and its position, from 0. */
export interface Entry {
  readonly name: string
  readonly index: number
  readonly ask: Ask<unknown, any>
}

const assertOptions = Issue.assert(Options)
const assertName = Issue.assert(Name, "name")

/** The asks in order, and the options with their defaults. Throws a `RangeError` for a wrong argument, before anything is sent. */
export const check = (asks: Asks, options: Options) => {
  assertOptions(options)
  const { concurrency = "unbounded", policy = "all" } = options
  const entries = Array.isArray(asks)
    ? asks.map((ask: Ask<unknown, any>, index): Entry => ({ name: `ask${index + 1}`, index, ask }))
    : Object.entries(asks).map(([name, ask], index): Entry => {
        assertName(name)
        return { name, index, ask }
      })
  const needed = answersNeeded(policy, entries.length)
  if (needed > entries.length) {
    throw new RangeError(`policy: expected at most ${entries.length} answers, as many as there are asks, got ${needed}`)
  }
  return { concurrency, entries, needed, policy }
}

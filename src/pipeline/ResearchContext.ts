/** The context that all asks of a research run in: the run's id, the shared documents, and the deadline. */
import { Clock, Context, Effect, Random } from "effect"
import * as Call from "../claude/Call.ts"
import { Claude } from "../claude/Claude.ts"
import type * as Document from "../claude/Document.ts"
import * as Documents from "../documents/Documents.ts"
import * as Issue from "../options/Issue.ts"
import * as Ask from "./Ask.ts"
import * as Deadline from "./Deadline.ts"
import * as DeadlineOption from "./DeadlineOption.ts"
import type { Entry, Options } from "./ResearchOptions.ts"
import { callsOf } from "./VotesOption.ts"

/**
 * `provide` runs an effect in the context of the research, which has `count` calls of asks, `entries` or more like them. The run is the caller's, or a new one where the caller has none.
 * Throws a `RangeError` for a deadline that is before the shortest timeout of an ask.
 */
export const make = Effect.fnUntraced(function* (
  entries: ReadonlyArray<Entry>,
  { context, deadline: limit }: Options,
  count?: number
) {
  const call = yield* Call.Current
  const shared =
    context === undefined ? undefined : yield* Documents.orDie(Documents.context(context, new Documents.Reader(".")))
  const run = call.run === "" ? yield* newRun : call.run
  const defaults = yield* Ask.Defaults
  const asks = count ?? entries.reduce((sum, { ask }) => sum + callsOf(ask.options.votes ?? defaults.votes), 0)
  // `provideContext` merges all services into one map. Each call adds up to eight to it, and copies the map only with the ninth.
  const current = Context.make(Call.Current, { ...call, run, ask: "", asks })
  const provideRun = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.provideContext(withContext(shared)(effect), current)
  if (limit === undefined) return { run, provide: provideRun, deadline: undefined }

  const { timeout } = defaults
  const limited = entries.map(({ ask, name }) => [name, { timeout: ask.options.timeout ?? timeout }] as const)
  const issues = DeadlineOption.issuesOf({ deadline: limit, asks: Object.fromEntries(limited) })
  if (issues.length > 0) throw new RangeError(issues.map(Issue.toString).join("\n"))
  const deadline = (yield* Deadline.Given) ?? new Deadline.Deadline(limit, yield* Clock.currentTimeMillis)
  const claude = deadline.around(yield* Claude)
  const provide: typeof provideRun = (effect) =>
    provideRun(Effect.provideService(effect, Claude, claude)) as typeof effect
  return { run, provide, deadline }
})

const withContext = (context: Document.Context | undefined) =>
  Effect.updateService(Ask.Defaults, (defaults) => (context === undefined ? defaults : { ...defaults, context }))

/** An id that tells runs apart in a log; 32 random bits, neither secret nor unique for ever. */
const newRun = Effect.map(Random.nextIntBetween(0, 2 ** 32), (n) => n.toString(36))

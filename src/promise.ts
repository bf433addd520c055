/** The same pipeline for scripts without Effect: `const { document } = await run({ asks, synthesis })`. */
import { Cause, Effect, Queue, Stream } from "effect"
import "./claude/Preload.ts"
import type { Policy } from "./options/Policy.ts"
import {
  type AnyOptions,
  assertOptions,
  assertSynthesis,
  type Instruction,
  type Options,
  type Questions
} from "./promise/Options.ts"
import { program, type Run } from "./promise/Run.ts"
import { settled } from "./promise/Settled.ts"

export * as Ask from "./pipeline/Ask.ts"
export * as Plan from "./promise/Plan.ts"
export * as Synthesis from "./pipeline/Synthesis.ts"
export type { Options } from "./promise/Options.ts"
export type { Run } from "./promise/Run.ts"
export { RunError } from "./promise/RunError.ts"

/** Asks all questions together, then makes the document of the answers. Rejects with `RunError`; for wrong arguments with a `RangeError`. */
export const run = <
  const Q extends Questions,
  const S extends Instruction | undefined = undefined,
  const P extends Policy = "all"
>(
  options: Options<Q, S, P>
): Promise<Run<Q, S, P>> => Promise.resolve(options).then((options) => start(options, options?.signal) as never)

/** A run whose document can be read while it is written. */
export interface StreamedRun<Q extends Questions, S, P extends Policy> {
  /**
   * The text of the document in deltas, for one reader. Throws where the run fails, and ends with the run. Leaving the loop early
   * aborts the run. Where an attempt fails after it has begun to answer, all of the next attempt's text follows.
   */
  readonly textStream: AsyncIterable<string>
  /** What `run` gives, with the whole document. */
  readonly result: Promise<Run<Q, S, P>>
}

/** Starts a run at once, and gives the document's text while it is written: `for await (const text of stream(options).textStream)`. */
export const stream = <const Q extends Questions, const S extends Instruction, const P extends Policy = "all">(
  options: Options<Q, S, P> & { readonly synthesis: S }
): StreamedRun<Q, S, P> => {
  const queue = Effect.runSync(Queue.unbounded<string, unknown>())
  const closing = new AbortController()
  const result = Promise.resolve(options).then((options) => {
    assertOptions(options)
    assertSynthesis(options.synthesis)
    const { signal } = options
    const either = signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal])
    return start(options, either, (text) => void Queue.offerUnsafe(queue, text)) as never
  })
  // The queue ends after the run, so that its end never aborts the run. A reader of the text gets the error there.
  result.then(
    () => Queue.endUnsafe(queue),
    (error: unknown) => Queue.failCauseUnsafe(queue, Cause.fail(error))
  )
  const texts = Stream.fromQueue(queue).pipe(Stream.ensuring(Effect.sync(() => closing.abort())))
  return { textStream: Stream.toAsyncIterable(texts), result }
}

const start = (options: AnyOptions, signal?: AbortSignal, onText?: (text: string) => void): Promise<unknown> => {
  assertOptions(options)
  return settled(program(options, onText), signal)
}

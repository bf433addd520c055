/** Keeps what is asked, paid and answered, and answers from it what was paid before. */
import { Clock, Console, Context, type Duration, Effect, Exit, Layer, Schema, SchemaGetter } from "effect"
import { Claude } from "../claude/Claude.ts"
import * as Event from "../claude/Event.ts"
import { mark, observe } from "../claude/ObservedSend.ts"
import { type BegunRun, newRunId } from "../journal/Journal.ts"
import { open, type Place as JournalPlace } from "../journal/OpenJournal.ts"
import * as Retention from "../journal/Retention.ts"
import * as Reuse from "../journal/Reuse.ts"
import { RunRecorder } from "../journal/RunRecorder.ts"
import * as SharedRun from "../journal/SharedRun.ts"
import { inCode, NonEmpty } from "../options/OptionSchemas.ts"

const place = { expected: "the path of a file, or postgres://…" }
const either = { expected: "a file, postgres://…, or false to keep nothing" }

const path = NonEmpty(place.expected)
const file = path.annotate({
  ...place,
  description:
    "Keep what is asked, paid and answered in this file, or the database postgres://… (default: a file in the user's state folder)",
  metavar: "file",
  isMain: true,
  inCode: Schema.Union([path, Schema.Redacted(path)]).annotate(place)
})

const Place = Schema.Struct({ file: Schema.optionalKey(file), keepFor: Schema.optionalKey(Retention.Option) })

/** In a plan, a text stands for the file. */
const File = path.pipe(
  Schema.decodeTo(Schema.toType(Place), {
    decode: SchemaGetter.transform((file: string) => ({ file })),
    encode: SchemaGetter.transform(({ file }: typeof Place.Type) => file ?? "")
  })
)

/**
 * `file`: a path, or the address of a PostgreSQL database, which may be redacted; default is `journal.sqlite` in the user's state
 * folder. `keepFor`: default 30 days. `false` keeps nothing.
 */
export const Options = Schema.Union([Schema.Literal(false), File, Place]).annotate({
  ...either,
  inCode: Schema.Union([Schema.Literal(false), inCode(Place)]).annotate(either)
})
export type Options =
  | false
  | { readonly file?: JournalPlace | undefined; readonly keepFor?: Duration.Input | undefined }

/** The run that this layer keeps, where the program has begun it itself: it ends it, too. */
export const Begun = Context.Reference<RunRecorder | undefined>("fanfold/layers/Journal/Begun", {
  defaultValue: () => undefined
})

/** What a layer of a program needs beside its file: which answers it takes, and who gives them. */
export interface Given {
  readonly reuse?: Reuse.Given | undefined
  readonly source?: string | undefined
}

/**
 * Provides a `Claude` whose replies are kept before they are handed on, and a recorder of events. One build of the layer is one
 * run; it has ended if the program that it was provided to succeeded, and else the next run goes on with its answers. Dies with
 * a `JournalError` where a file that is named cannot be used; where none is named, nothing is kept then, which is reported.
 */
export const layer = (options: Exclude<Options, false> = {}, given: Given = {}): Layer.Layer<Claude, never, Claude> =>
  Layer.provide(keeping(), begin(options, given))

/** Begins the run, for `keeping` and for the layers below, which may share it; one that the program has begun itself stays. */
export const begin = (options: Exclude<Options, false>, given: Given): Layer.Layer<never> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const recorder = (yield* Begun) ?? (yield* begunOrReported(options, given))
      return Context.make(Begun, recorder).pipe(Context.add(SharedRun.Current, recorder?.shared))
    })
  )

/** The layer itself, for the run that is begun. Keeps nothing where there is none. */
export const keeping = (): Layer.Layer<Claude, never, Claude> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const { send } = yield* Claude
      const recorder = yield* Begun
      if (recorder === undefined) return Context.make(Claude, Claude.of({ send }))
      return Context.make(Claude, Claude.of({ send: mark(recorder.around(observe(send))) })).pipe(
        Context.add(Event.Recorder, (event: Event.Event) => recorder.record(event)),
        Context.add(Event.History, recorder.earlier)
      )
    })
  )

const begunOrReported = (options: Exclude<Options, false>, given: Given) =>
  Effect.catch(begun(options, given), (error) =>
    options.file === undefined
      ? Effect.as(Console.error(`Nothing of this run is kept: ${error.message}`), undefined)
      : Effect.die(error)
  )

/** A run of its own, which ends with the program that it is provided to. */
const begun = Effect.fnUntraced(function* ({ file, keepFor }: Exclude<Options, false>, { reuse, source = "" }: Given) {
  const journal = yield* open(file)
  const at = yield* Clock.currentTimeMillis
  const run = { id: yield* newRunId, plan: "", source, at }
  const own = (yield* journal.begin(run, { resume: reuse !== "never", isAlone: false })) as BegunRun
  yield* Effect.addFinalizer((exit) =>
    Exit.isSuccess(exit)
      ? Effect.flatMap(Clock.currentTimeMillis, (now) =>
          Effect.ignore(Effect.andThen(journal.end(own, now), journal.trim(Retention.limits(keepFor, now))))
        )
      : Effect.void
  )
  return new RunRecorder(journal, own, Reuse.reusable(reuse, own, at))
})

/** `--events`: writes the events of a run as NDJSON while they happen, to standard output or to a file. */
import {
  type Cause,
  Console,
  Effect,
  Exit,
  Fiber,
  FileSystem,
  Option,
  Queue,
  type Scope,
  type Stdio,
  Stream
} from "effect"
import { Flag } from "effect/cli"
import type { Event, Listener } from "../claude/Event.ts"
import { EventLines } from "../report/EventLine.ts"
import { inert } from "../report/TerminalText.ts"
import { type Failure, usageError } from "./ExitCode.ts"
import * as Output from "./Output.ts"

/** What stands for standard output. */
const standardOutput = "-"

export const flags = {
  events: Flag.String("events").pipe(
    Flag.withMetavar("file.ndjson"),
    Flag.withDescription(
      "Print each event as a line of JSON while it happens, or write them to a file (--events=FILE)"
    ),
    Flag.withOptionalValue(standardOutput),
    Flag.optional
  ),
  eventsContent: Flag.Boolean("events-content").pipe(
    Flag.withDescription("With --events: prompts and answers too"),
    Flag.withDefault(false)
  )
}

export interface Given {
  readonly events: Option.Option<string>
  readonly eventsContent: boolean
}

/** Whether the events are printed, so that nothing else can be. */
export const isPrinted = ({ events }: Given): boolean => Option.getOrUndefined(events) === standardOutput

/** The file of `--events=FILE`. */
export const fileOf = ({ events }: Given): string | undefined =>
  Option.getOrUndefined(Option.filter(events, (file) => file !== standardOutput))

/**
 * The arguments with `--events FILE` as `--events=FILE`, where FILE ends as such a file does: a flag whose value may be left out
 * takes none after a blank.
 */
export const joined = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const end = args.indexOf("--")
  return args.flatMap((arg, index) => {
    const isBefore = end === -1 || index < end
    if (isBefore && arg === "--events" && isFile(args[index + 1])) return [`${arg}=${args[index + 1]}`]
    return isBefore && args[index - 1] === "--events" && isFile(arg) ? [] : [arg]
  })
}

const isFile = (arg: string | undefined): boolean => arg === standardOutput || /\.(ndjson|jsonl)$/i.test(arg ?? "")

/** Fails where the content of no events is asked for, or where the document would be printed among them. */
export const check = (
  given: Given,
  others: { readonly json: boolean; readonly output: ReadonlyArray<string>; readonly detach: boolean }
): Effect.Effect<void, Failure> => {
  if (Option.isNone(given.events)) {
    return given.eventsContent ? Effect.fail(usageError("--events-content needs --events")) : Effect.void
  }
  if (fileOf(given)?.trim() === "") return Effect.fail(usageError("--events=: expected a file"))
  if (!isPrinted(given)) return Effect.void
  if (others.json) {
    return Effect.fail(
      usageError(
        "--events and --json would both print: write the report with -o FILE.json, or the events with --events=FILE"
      )
    )
  }
  return others.output.length === 0 && !others.detach
    ? Effect.fail(
        usageError("--events prints where the document would be: add -o FILE for the document, or write --events=FILE")
      )
    : Effect.void
}

/** The same for a command that prints nothing else. */
export const checkAlone = (given: Given, json: boolean): Effect.Effect<void, Failure> =>
  json && Option.isSome(given.events)
    ? Effect.fail(usageError("--events and --json exclude each other"))
    : check(given, { json: false, output: [], detach: true })

/** A listener that writes, and what ends it: `false`, and a line on standard error, where not one line could be written. */
export interface EventsOutput extends Listener {
  readonly end: Effect.Effect<boolean>
}

/** How long an interrupted run waits for a reader that does not read. */
const endMillis = 1000

/** Opens the output; `undefined` where no events are asked for. Fails where the file cannot be written. */
export const make = Effect.fnUntraced(function* (
  given: Given
): Effect.fn.Return<EventsOutput | undefined, Failure, FileSystem.FileSystem | Stdio.Stdio | Scope.Scope> {
  if (Option.isNone(given.events)) return undefined
  const file = fileOf(given)
  const lines = new EventLines(given.eventsContent)
  const queue = yield* Queue.unbounded<string, Cause.Done>()
  const written = Stream.fromQueue(queue)
  const write = file === undefined ? Output.printAll(written, "events") : writeTo(written, file, yield* opened(file))
  // Once nothing more can be written, nothing more is kept to be written.
  const writing = yield* Effect.forkScoped(Effect.ensuring(write, Queue.shutdown(queue)))
  yield* Effect.addFinalizer(() =>
    Effect.andThen(Queue.end(queue), Effect.timeoutOption(Effect.interruptible(Fiber.await(writing)), endMillis))
  )
  return {
    emit: (event: Event, content) =>
      Effect.sync(() => {
        if (queue.state._tag === "Open") Queue.offerUnsafe(queue, lines.of(event, content))
      }),
    end: Effect.andThen(
      Queue.end(queue),
      Effect.map(Fiber.await(writing), (exit) => Exit.isSuccess(exit) && exit.value)
    )
  }
})

const opened = Effect.fnUntraced(function* (file: string) {
  const fileSystem = yield* FileSystem.FileSystem
  return yield* Effect.mapError(fileSystem.open(file, { flag: "w" }), ({ message }) =>
    usageError(inert(`--events=${file}: ${message}`))
  )
})

/** The run goes on where the disk is full: its document matters more. */
const writeTo = (lines: Stream.Stream<string>, file: string, handle: FileSystem.File): Effect.Effect<boolean> =>
  Stream.runForEachArray(lines, (batch) => handle.writeAll(new TextEncoder().encode(batch.join("")))).pipe(
    Effect.as(true),
    Effect.catch(({ message }) => Effect.as(Console.error(inert(`Not all events are in ${file}: ${message}`)), false))
  )

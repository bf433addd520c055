/** `fanfold worker`: answers the asks of runs on other machines, whose journal is in PostgreSQL. */
import { Console, Context, Effect, Layer, Option, Schedule } from "effect"
import { Command, Flag } from "effect/cli"
import { AskError, WorkerFailed } from "../claude/AskError.ts"
import { Claude } from "../claude/Claude.ts"
import * as Provider from "../claude/Provider.ts"
import { isAddress, open } from "../journal/OpenJournal.ts"
import type { SharedRun } from "../journal/SharedRun.ts"
import * as Queue from "../layers/Queue.ts"
import { PositiveInt } from "../options/OptionSchemas.ts"
import { inert } from "../report/TerminalText.ts"
import { exitCode, Failure, usageError } from "./ExitCode.ts"
import { onOff } from "./Flags.ts"
import { flagOf } from "./LayerFlags.ts"
import { type ConnectedClaude, ProcessServices } from "./ProcessServices.ts"

const address = Flag.String("journal").pipe(
  Flag.withMetavar("address"),
  Flag.withDescription(
    "The database of the runs: postgres://USER@HOST:PORT/DATABASE; a password may be in PGPASSWORD instead"
  )
)

const concurrency = flagOf(
  "concurrency",
  PositiveInt.annotate({ description: `How many asks it sends at once (default ${Queue.places})` })
).pipe(Flag.withAlias("j"))

const offline = onOff("offline", "Answer the asks of runs with --offline, with simulated answers")

const provider = flagOf("provider", Provider.Provider)

/** How often a worker says what it has done, if there is anything new. */
const reportInterval = "10 seconds"

/** SIGTERM is how containers and services are told to end: a worker that has done so has not failed. After Ctrl-C it is 130. */
const endingAtSigterm = <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    let hasSigterm = false
    const onSigterm = () => void (hasSigterm = true)
    // Before the listener that interrupts the worker, which may end at once.
    process.prependOnceListener("SIGTERM", onSigterm)
    return work.pipe(
      Effect.onInterrupt(() => Effect.sync(() => void (hasSigterm && (process.exitCode = exitCode.success)))),
      Effect.ensuring(Effect.sync(() => process.off("SIGTERM", onSigterm)))
    )
  })

export const worker = Command.make(
  "worker",
  { journal: address, concurrency, provider, offline },
  Effect.fnUntraced(
    function* ({ concurrency, journal: place, offline, provider }) {
      if (!isAddress(place)) {
        return yield* usageError("--journal: expected postgres://…; workers and runs meet in a database")
      }
      const services = yield* ProcessServices
      const source = { offline, record: undefined, replay: undefined }
      // A worker without a key takes nothing.
      const connected = yield* services.connect(source, {
        provider: Option.getOrUndefined(provider) as Provider.Provider
      })
      const journal = yield* Effect.mapError(open(place), ({ message }) => usageError(`--journal: ${message}`))
      const places = Number(Option.getOrElse(concurrency, () => Queue.places))
      const progress = new WorkerProgress()
      const answering = connected.source ?? ""
      yield* Console.error(
        inert(`Worker for runs of ${journal.place} that ask ${answering}, ${places} at once; Ctrl-C ends it`)
      )
      yield* Effect.forkScoped(Effect.schedule(progress.report, Schedule.spaced(reportInterval)))
      const shared = journal.shared!
      return yield* Queue.work({
        journal,
        shared,
        source: answering,
        places,
        senderOf: (id, options) => senderOf(connected, options, { register: shared.register, id }),
        onStart: () => progress.start(),
        onEnd: (end) => progress.end(end)
      }).pipe(
        Effect.mapError(({ message }) => new Failure({ exitCode: exitCode.failed, message })),
        Effect.ensuring(progress.report)
      )
    },
    endingAtSigterm,
    Effect.scoped
  )
).pipe(
  Command.withDescription("Answer asks of runs on other machines, whose journal is in PostgreSQL"),
  Command.withExamples([
    {
      command: "fanfold worker --journal postgres://fanfold@db/fanfold",
      description: "Eight asks at once, until Ctrl-C"
    }
  ])
)

/** The layers of a run. Options that they do not know are those of another version. */
const senderOf = ({ delivery }: ConnectedClaude, options: string, run: SharedRun) =>
  Effect.gen(function* () {
    const layer = yield* Effect.mapError(delivery(options, run), (issues) => {
      const detail = `it does not know the options of the run: ${issues.map(({ message }) => message).join("; ")}`
      return new AskError({ reason: new WorkerFailed({ detail }) })
    })
    return Context.get(yield* Layer.build(layer), Claude).send
  })

/** Counts what a worker does. No line has anything of an ask. */
class WorkerProgress {
  readonly #counts: Record<Queue.End, number> = { replied: 0, failed: 0, withdrawn: 0, returned: 0 }
  #underWay = 0
  #reported = ""

  start(): void {
    this.#underWay++
  }

  end(end: Queue.End): void {
    this.#underWay--
    this.#counts[end]++
  }

  get report(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { failed, replied, returned, withdrawn } = this.#counts
      const parts = [
        `${replied} answered`,
        failed === 0 ? "" : `${failed} failed`,
        withdrawn === 0 ? "" : `${withdrawn} not needed any more`,
        returned === 0 ? "" : `${returned} given back`,
        this.#underWay === 0 ? "" : `${this.#underWay} under way`
      ].filter((part) => part !== "")
      const text = parts.join(", ")
      if (text === this.#reported || replied + failed + withdrawn + returned + this.#underWay === 0) return Effect.void
      this.#reported = text
      return Console.error(text)
    })
  }
}

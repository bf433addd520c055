/** Speaks to the run of another process by its door. */
import { Effect, Schema } from "effect"
import type { Wanted } from "../../claude/Intervention.ts"
import { exitCode, Failure } from "../ExitCode.ts"
import * as DoorPlace from "./DoorPlace.ts"
import * as Protocol from "./Protocol.ts"

/** A run that answers later is stuck. */
const answerTimeout = "10 seconds"

const failed = (message: string) => new Failure({ exitCode: exitCode.failed, message })

/** Nobody listens: the run has no door yet, or no more, or is one of another machine or user. */
export const closed = "closed"

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Protocol.Answer))

/** Asks a run to change; gives its answer, or `closed` where there is no door. */
export const ask = (
  run: string,
  interventions: ReadonlyArray<Wanted>
): Effect.Effect<Protocol.Answer | typeof closed, Failure> =>
  Effect.gen(function* () {
    const place = yield* DoorPlace.of(run)
    const request: Protocol.Request = { version: Protocol.version, interventions }
    const line = yield* exchange(place, `${JSON.stringify(request)}\n`)
    if (line === closed) return closed
    return yield* Effect.mapError(decode(line), () => failed("what the run has answered cannot be read"))
  }).pipe(
    Effect.timeoutOrElse({
      duration: answerTimeout,
      orElse: () => Effect.fail(failed("the run does not answer"))
    })
  )

const absent: ReadonlySet<string | undefined> = new Set(["ENOENT", "ECONNREFUSED"])

const exchange = (place: string, line: string): Effect.Effect<string, Failure> =>
  Effect.callback((resume) => {
    const socket = process.getBuiltinModule("node:net").connect(place)
    let text = ""
    socket.setEncoding("utf8")
    socket.on("connect", () => socket.write(line))
    socket.on("data", (chunk) => void (text += String(chunk)))
    socket.on("end", () => resume(text === "" ? Effect.succeed(closed) : Effect.succeed(text)))
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (absent.has(error.code)) resume(Effect.succeed(closed))
      else resume(Effect.fail(failed(`the run cannot be reached: ${error.message}`)))
    })
    return Effect.sync(() => socket.destroy())
  })

/** The door of a run: a socket of mode 0600 by which its user can intervene while it is under way. */
import type { Server, Socket } from "node:net"
import { Effect, Result, type Scope } from "effect"
import type { Interventions } from "../../interventions/Interventions.ts"
import * as DoorPlace from "./DoorPlace.ts"
import * as Protocol from "./Protocol.ts"

/** Whoever says nothing for so long is hung up on, in milliseconds. */
const silentMillis = 5000

const maxConnections = 16

/**
 * Opens the door until the scope closes, and removes those that killed runs have left. Where there can be none, the run goes on
 * without: whoever wants to intervene is told.
 */
export const open = (run: string, interventions: Interventions): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const place = yield* DoorPlace.of(run)
    const context = yield* Effect.context<never>()
    const answer = (text: string, say: (answer: Protocol.Answer) => void): void => {
      Effect.runForkWith(context)(Effect.map(Protocol.answer(interventions, text), say))
    }
    yield* Effect.acquireRelease(listening(place, answer), (server) => close(server, place))
    if (process.platform !== "win32") yield* Effect.sync(() => DoorPlace.others(place).forEach(removeIfStale))
  }).pipe(Effect.ignoreCause)

type Answering = (text: string, say: (answer: Protocol.Answer) => void) => void

interface Listening {
  readonly server: Server
  /** Those that have not said what they want. */
  readonly waiting: ReadonlySet<Socket>
}

const listening = (place: string, answer: Answering): Effect.Effect<Listening, unknown> =>
  Effect.callback((resume) => {
    const waiting = new Set<Socket>()
    const server = process.getBuiltinModule("node:net").createServer((socket) => {
      waiting.add(socket)
      socket.on("close", () => waiting.delete(socket))
      serve(socket, (text, say) => {
        waiting.delete(socket)
        answer(text, say)
      })
    })
    server.maxConnections = maxConnections
    server.on("error", (error) => resume(Effect.fail(error)))
    // The folder is the user's alone, so that nobody sees the socket before it has its mode.
    const begun = Result.try(() => {
      if (process.platform !== "win32") DoorPlace.makePrivate(place)
      server.listen(place, () => {
        if (process.platform !== "win32") process.getBuiltinModule("node:fs").chmodSync(place, 0o600)
        // A run does not live longer for its door.
        server.unref()
        resume(Effect.succeed({ server, waiting }))
      })
    })
    if (Result.isFailure(begun)) resume(Effect.fail(begun.failure))
  })

/** Ends when all that were asked are answered: an answer may be that the run stops, which closes the door. */
const close = ({ server, waiting }: Listening, place: string): Effect.Effect<void> =>
  Effect.callback((resume) => {
    server.close(() => resume(Effect.void))
    for (const socket of waiting) socket.destroy()
    if (process.platform !== "win32") process.getBuiltinModule("node:fs").rmSync(place, { force: true })
  })

/** One line in, one line out. */
const serve = (socket: Socket, answer: Answering): void => {
  const say = (answer: Protocol.Answer): void => void socket.end(`${JSON.stringify(answer)}\n`)
  let text = ""
  let isRead = false
  socket.setEncoding("utf8")
  socket.unref()
  socket.setTimeout(silentMillis, () => socket.destroy())
  socket.on("error", () => socket.destroy())
  socket.on("data", (chunk) => {
    if (isRead) return
    text += String(chunk)
    isRead = text.includes("\n") || text.length > Protocol.maxLength
    if (!isRead) return
    if (text.length > Protocol.maxLength) say(Protocol.refused("the request is too long"))
    else answer(text.slice(0, text.indexOf("\n")), say)
  })
}

/** Nobody listens at the door of a killed process. */
const removeIfStale = (place: string): void => {
  const socket = process.getBuiltinModule("node:net").connect(place)
  socket.unref()
  socket.on("connect", () => socket.destroy())
  socket.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "ECONNREFUSED") process.getBuiltinModule("node:fs").rmSync(place, { force: true })
  })
}

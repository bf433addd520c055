/** Processes of their own with one journal, for the tests of several at once. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { text } from "node:stream/consumers"
import { Effect } from "effect"
const script = join(import.meta.dirname, "Contender.ts")

/** A process that is about to open the journal. */
export const contender = (place: string, id: string, task = "", isAlone = false) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const args = ["--conditions=source", script, place, id, task, isAlone ? "alone" : ""]
      const child: ChildProcess = spawn(process.execPath, args)
      const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
      const stderr = text(child.stderr!)
      const closed = once(child, "close")
      const line = async (): Promise<unknown> => {
        const { done, value } = await lines.next()
        if (done) throw new Error(`the process ended: ${await stderr}`)
        return JSON.parse(value)
      }
      await line()
      const go = () => void child.stdin!.write("\n")
      const kill = async () => {
        child.kill("SIGKILL")
        await closed
      }
      return { line, go, kill, closed, stderr }
    }),
    ({ kill }) => Effect.promise(kill)
  )

export type Contender = Effect.Success<ReturnType<typeof contender>>

/** What both say of their begin, which they make at the same moment. */
export const begun = (contenders: ReadonlyArray<Contender>) =>
  Effect.promise(() => {
    for (const { go } of contenders) go()
    return Promise.all(contenders.map(({ line }) => line()))
  })

/** A run with one answer that a killed process has left. */
export const killed = (place: string, id = "dead") =>
  Effect.scoped(
    Effect.gen(function* () {
      const dead = yield* contender(place, id, "hold")
      yield* begun([dead])
      yield* Effect.promise(dead.kill)
    })
  )

export const isResuming = (line: unknown) => JSON.stringify(line) === `{"resumed":["dead"]}`

/** A process of its own with a journal, for the tests of several at once. Prints one line of JSON, and goes on as it was told. */
import { createInterface } from "node:readline"
import { Effect } from "effect"
import { open } from "../../src/journal/OpenJournal.ts"
import type { BegunRun } from "../../src/journal/Journal.ts"
import { answered } from "./Rows.ts"

const [place = "", id = "", task = "", isAlone = ""] = process.argv.slice(2)

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const line = Effect.promise(() => lines.next())
const say = (what: unknown) => Effect.sync(() => void process.stdout.write(`${JSON.stringify(what)}\n`))

/** 500 asks, each kept before the next, as replies arrive one by one. */
const write = Effect.fnUntraced(function* (journal: Effect.Success<ReturnType<typeof open>>, run: BegunRun) {
  for (let i = 0; i < 500; i++) {
    journal.add(run.id, answered(i, `${id} ${i}`))
    yield* journal.kept
  }
  yield* journal.end(run, 2)
  yield* say("written")
})

const program = Effect.gen(function* () {
  yield* say("ready")
  yield* line
  const journal = yield* open(place)
  const begun = yield* journal.begin(
    { id, plan: "plan.yaml", source: "", at: 1 },
    { resume: true, isAlone: isAlone === "alone" }
  )
  yield* say("open" in begun ? { waitsFor: begun.open.id } : { resumed: begun.resumed })
  if ("open" in begun) return
  if (task === "write") yield* write(journal, begun)
  // The process has its run open until it is told, or killed.
  if (task === "hold") yield* line
})

await Effect.runPromise(Effect.scoped(program)).finally(() => process.stdin.destroy())

/** A run that was killed after replies were kept and before the events of their asks were: every verb counts its answers. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { open } from "../../src/journal/OpenJournal.ts"
import { answered, begin, dispatched, type Emitted, eventOf, replied, started } from "../RunEvents.ts"
import * as Rows from "../journal/Rows.ts"
import { fanfold, folders } from "./Process.ts"

const folder = folders()

/** Three asks have their replies: one with all its events, one without its end, one without its reply's event. */
const killed = (file: string) =>
  Effect.gen(function* () {
    const journal = yield* open(file)
    const { id } = yield* Rows.begin(journal, "killed", { plan: "/plans/plan.yaml", source: "simulated" })
    const names = ["sun", "moon", "mars", "pluto"]
    const asking = names.flatMap((name, n) => [started(n, name), dispatched(10 + n, name)])
    const emitted: ReadonlyArray<Emitted> = [
      begin(0, ...names),
      ...asking,
      replied(100, "sun"),
      replied(110, "moon"),
      answered(120, "sun")
    ]
    for (const each of emitted) journal.add(id, [{ _tag: "Event", event: { ...eventOf(each), run: id } }])
    const [sun, moon, mars, pluto] = names.map((name, entry) => Rows.answered(entry, name, `re ${name}`, 130))
    journal.add(id, [...sun!, ...moon!.slice(0, 2), ...mars!.slice(0, 2), ...pluto!.slice(0, 1)])
    yield* journal.kept
    return yield* journal.progress([id])
  }).pipe(Effect.scoped, Effect.runPromise)

it("counts the answers that a resumed run takes, wherever it is seen", { timeout: 60_000 }, async () => {
  const cwd = folder()
  const { answered } = await killed(join(cwd, "j.sqlite"))
  assert.strictEqual(answered.size, 3)
  const typed = (...args: ReadonlyArray<string>) => fanfold([...args, "--journal", "j.sqlite"], { cwd })
  const [listed, shown, reported, compared, watched] = await Promise.all([
    typed("runs", "--json"),
    typed("runs", "show", "killed", "--json"),
    typed("report", "killed", "-o", "out.json", "--quiet"),
    typed("runs", "diff", "killed", "killed", "--json"),
    typed("runs", "watch", "killed")
  ])
  assert.strictEqual(JSON.parse(listed.stdout).runs[0].answered, 3)
  const { asks, run } = JSON.parse(shown.stdout)
  assert.strictEqual(run.answered, 3)
  assert.deepStrictEqual(
    asks.map(({ inFlight, status }: any) => [status, inFlight]),
    [
      ["answered", 0],
      ["answered", 0],
      ["answered", 0],
      ["asking", 1]
    ]
  )
  assert.strictEqual(reported.code, 0, reported.stderr)
  const report = JSON.parse(readFileSync(join(cwd, "out.json"), "utf8"))
  assert.deepStrictEqual(report.answers, { sun: "re sun", moon: "re moon", mars: "re mars" })
  assert.strictEqual(report.spent.asks.mars.durationMillis, 118)
  assert.isAbove(report.spent.asks.mars.usage.outputTokens, 0)
  assert.strictEqual(JSON.parse(compared.stdout).asks.length, 4)
  assert.match(watched.stderr, /^3 of 4 asks answered /m)
})

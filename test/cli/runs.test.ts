/** `fanfold runs`: what it lists, shows and forgets, after runs that ended, have gaps, were interrupted, or are under way. */
import { NodeServices } from "@effect/platform-node"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Console, Effect, Fiber, Layer, Schema, Sink, Stdio } from "effect"
import { TestClock } from "effect/testing"
import { AskError, Stack } from "fanfold"
import { main } from "../../src/cli/Command.ts"
import { open } from "../../src/journal/OpenJournal.ts"
import { ProcessServices } from "../../src/cli/ProcessServices.ts"
import { Details, Listing } from "../../src/report/RunHistory.ts"
import { failure, make, questionOf, reply } from "../FakeClaude.ts"
import { plan } from "./Planned.ts"
import { controls, folders } from "./Process.ts"

const folder = folders()

const listingOf = Schema.decodeUnknownSync(Schema.fromJsonString(Listing))
const detailsOf = Schema.decodeUnknownSync(Schema.fromJsonString(Details))

type Answer = Parameters<typeof make>[0]

/** A command line over a fake Claude, with a plan and a journal in a folder of its own. */
const room = (text = plan) => {
  const cwd = folder({ "plan.yaml": text })
  const [planned, journal] = [join(cwd, "plan.yaml"), join(cwd, "journal.sqlite")]
  const typedOver = Effect.fnUntraced(function* (answer: Answer, ...args: ReadonlyArray<string>) {
    const said = { stdout: "", stderr: "" }
    const services = ProcessServices.of({
      terminal: Effect.succeed({ output: process.stderr, mode: "lines", color: false }),
      connect: (_, layers) =>
        Effect.succeed({
          claude: (added) => Stack.layerOver({ ...layers, ...added }).pipe(Layer.provide(make(answer).layer)),
          source: "simulated",
          notice: undefined,
          simulated: true,
          delivery: () => Effect.fail([]),
          tapeError: Effect.succeed(undefined)
        }),
      batches: () => Effect.die(new Error("no batch is expected")),
      serveMock: () => Effect.die(new Error("no server is expected")),
      measure: () => Effect.die(new Error("no benchmark is expected"))
    })
    const error = (line: string) => void (said.stderr += `${line}\n`)
    const stdio = Stdio.layerTest({
      args: Effect.succeed([...args, "--journal", journal]),
      stdout: () => Sink.forEach((text) => Effect.sync(() => void (said.stdout += String(text))))
    })
    const exit = yield* main("1.2.3").pipe(
      Effect.provideService(Console.Console, { ...globalThis.console, error } as Console.Console),
      Effect.provide(Layer.mergeAll(NodeServices.layer, stdio, Layer.succeed(ProcessServices, services))),
      Effect.match({ onFailure: ({ exitCode }) => exitCode as number, onSuccess: () => 0 })
    )
    return { code: exit, ...said }
  })
  const typed = (...args: ReadonlyArray<string>) => typedOver(undefined, ...args)
  const output = join(cwd, "guide.md")
  return {
    journal,
    typed,
    /** Runs the plan over a Claude that answers like this. */
    run: (answer?: Answer, ...args: ReadonlyArray<string>) =>
      typedOver(answer, "run", planned, "--quiet", "-o", output, ...args),
    list: Effect.map(
      Effect.suspend(() => typed("runs", "--json")),
      ({ stdout }) => listingOf(stdout)
    )
  }
}

/** Answers all but the question about the moon. */
const without =
  (moon: Effect.Effect<never, AskError.AskError>): Answer =>
  ({ request }) =>
    questionOf(request) === "How far is the moon?" ? moon : Effect.succeed(reply("far"))

const forgotten = (stdout: string) => Array.from(stdout.matchAll(/^Forgot (\w+): .*, 3 answers$/gm), ([, id]) => id)

describe("fanfold runs", () => {
  it.effect("says in a line that there is no journal, and knows no run then", () =>
    Effect.gen(function* () {
      const { journal, list, typed } = room()
      const line = `No journal at ${journal}: no run has been kept yet\n`
      assert.deepStrictEqual(yield* typed("runs"), { code: 0, stdout: line, stderr: "" })
      assert.deepStrictEqual(yield* typed("runs", "show", "abc"), { code: 2, stdout: "", stderr: line })
      assert.deepStrictEqual(yield* typed("runs", "clean", "--all"), { code: 0, stdout: line, stderr: "" })
      assert.deepStrictEqual(yield* list, { version: 1, journal: null, bytes: 0, runs: [], more: 0 })
    })
  )

  it.effect("lists runs, the latest first, and shows each ask, with what was reused", () =>
    Effect.gen(function* () {
      const { journal, list, run, typed } = room()
      assert.strictEqual((yield* run()).code, 0)
      yield* TestClock.adjust("3 days")
      yield* run(undefined, "--reuse")
      const { runs } = yield* list
      assert.deepStrictEqual(
        runs.map(({ answered, asks, failed, reused, source, state }) => [
          state,
          answered,
          asks,
          failed,
          reused,
          source
        ]),
        [
          ["ended", 2, 2, 0, 2, "simulated"],
          ["ended", 2, 2, 0, 0, "simulated"]
        ]
      )
      const [again, first] = runs
      const { stderr, stdout } = yield* typed("runs")
      assert.strictEqual(stderr, "")
      const [head, privacy, blank, titles, latest, ...others] = stdout.trimEnd().split("\n")
      assert.include(head, `Journal: ${journal} (`)
      assert.match(head!, / kB, 2 runs\)$/)
      assert.include(privacy, "prompts and answers in plain text, readable by you alone, for 30 days or up to 1 GB")
      assert.strictEqual(blank, "")
      const columns = ["run", "plan", "begun", "state", "answered", "reused", "cost", "time", "source"]
      assert.deepStrictEqual(titles!.split(/ {2,}/), columns)
      assert.match(latest!, new RegExp(`^${again!.id} .*plan\\.yaml {2}1970-01-0\\d \\d\\d:00 .* 2 of 2 .* simulated$`))
      assert.lengthOf(others, 1)

      const shown = yield* typed("runs", "show", again!.id.slice(0, 8))
      const [, title, begun, by, count, , , ...asks] = shown.stdout.trimEnd().split("\n")
      assert.match(title!, new RegExp(`^Run ${again!.id} of .*plan\\.yaml: ended$`))
      assert.match(begun!, /, \$0\.00 \(estimated, simulated\)$/)
      assert.match(by!, /^By: cd \S+ && fanfold run \S+plan\.yaml --quiet -o \S+guide\.md --reuse --journal \S+$/)
      assert.strictEqual(count, "2 of 2 asks answered, 2 from the journal")
      assert.deepStrictEqual(
        asks.map((line) => line.split(/ {2,}/)),
        ["sun", "moon", "synthesis"].map((name) => [
          name,
          "from the journal",
          "claude-haiku-5-5",
          `from ${first!.id}, 3 days old, saved $0.0000035`
        ])
      )

      const { asks: records, synthesis } = detailsOf((yield* typed("runs", "show", first!.id, "--json")).stdout)
      assert.deepStrictEqual(
        [...records, synthesis!].map(({ attempts, message, name, reused, status }) => [
          name,
          status,
          attempts,
          reused,
          message
        ]),
        ["sun", "moon", "synthesis"].map((name) => [name, "answered", 1, undefined, null])
      )
    })
  )

  it.effect("forgets the runs that are named, that are older, or all, and says which", () =>
    Effect.gen(function* () {
      const { journal, list, run, typed } = room()
      for (const _ of [1, 2, 3, 4]) {
        yield* run()
        yield* TestClock.adjust("3 days")
      }
      const ids = (yield* list).runs.map(({ id }) => id)
      assert.deepStrictEqual(forgotten((yield* typed("runs", "clean", ids[1]!.slice(0, 8))).stdout), [ids[1]])
      assert.match(
        (yield* typed("runs", "clean")).stdout,
        /^Nothing to forget: runs are kept for 30 days or up to 1 GB\./
      )
      assert.deepStrictEqual(forgotten((yield* typed("runs", "clean", "--older-than", "10d")).stdout), [ids[3]])
      yield* TestClock.adjust("24 days")
      assert.deepStrictEqual(forgotten((yield* typed("runs", "clean")).stdout), [ids[2]])
      assert.deepStrictEqual(forgotten((yield* typed("runs", "clean", "--all")).stdout), [ids[0]])
      assert.deepStrictEqual((yield* list).runs, [])
      assert.notInclude(readFileSync(journal, "latin1"), "How far is the sun?")
    })
  )

  it.effect("forgets, when a run has ended, what its plan keeps no longer", () =>
    Effect.gen(function* () {
      const { list, run } = room(`journal: { keepFor: 2 days }\n${plan}`)
      yield* run()
      yield* TestClock.adjust("3 days")
      yield* run(undefined, "--journal-keep-for", "7d")
      assert.lengthOf((yield* list).runs, 2)
      yield* run()
      assert.lengthOf((yield* list).runs, 2)
    })
  )

  it.effect("lists the latest 20, and says how many there are more", () =>
    Effect.gen(function* () {
      const { journal, list, typed } = room()
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { begin } = yield* open(journal)
          for (let n = 1; n <= 22; n++) {
            const run = { id: `run${n}`, plan: "", source: "simulated", at: n }
            yield* Effect.scoped(begin(run, { resume: false, isAlone: false }))
          }
        })
      )
      const { more, runs } = yield* list
      assert.deepStrictEqual([runs.length, runs[0]!.id, more], [20, "run22", 2])
      const { stdout } = yield* typed("runs")
      assert.match(stdout, /^run22 +a program +.* unfinished +0 of 0 /m)
      assert.match(stdout, /^… and 2 older runs: --all lists them$/m)
      assert.match((yield* typed("runs", "--all")).stdout, /^run1 /m)
    })
  )

  it.effect("names runs near an id that is none, and says what cannot be combined", () =>
    Effect.gen(function* () {
      const { list, run, typed } = room()
      yield* run()
      yield* run()
      const [, { id } = { id: "" }] = (yield* list).runs
      const wrong = `${id.slice(0, 9)}-`
      const none = yield* typed("runs", "show", wrong)
      assert.match(
        none.stderr,
        new RegExp(`^${wrong} is no run of .*journal\\.sqlite; near it: ${id} \\(.*plan\\.yaml, `)
      )
      const many = yield* typed("runs", "show", "")
      assert.match(many.stderr, /begins the ids of 2 runs: /)
      const both = yield* typed("runs", "clean", "--all", "--older-than", "30d")
      assert.strictEqual(both.stderr, "RUN, --older-than and --all exclude each other\n")
      assert.deepStrictEqual([none.code, many.code, both.code], [2, 2, 2])
      assert.lengthOf((yield* list).runs, 2)
    })
  )

  it.effect("tells why an ask failed, in text that a terminal does not obey", () =>
    Effect.gen(function* () {
      const { list, run, typed } = room()
      const detail = "no \u001B[31msuch\u202E\nthing"
      const { code } = yield* run(without(Effect.fail(failure(new AskError.InvalidRequest({ detail })))))
      assert.strictEqual(code, 3)
      const [kept] = (yield* list).runs
      assert.deepStrictEqual([kept!.state, kept!.answered, kept!.failed], ["ended", 1, 1])
      const { stdout } = yield* typed("runs", "show", kept!.id)
      assert.match(stdout, /^1 of 2 asks answered, 1 failed$/m)
      assert.match(stdout, /^moon +failed .*no such thing/m)
      assert.notMatch(stdout, controls)
      assert.notMatch(stdout, /\u202E/)
    })
  )

  it.effect("shows a run under way, and refuses to forget it; interrupted it is unfinished, and then resumed", () =>
    Effect.gen(function* () {
      const { list, run, typed } = room()
      const fiber = yield* Effect.forkChild(run(without(Effect.never)))
      // It waits for files, which no virtual time moves.
      const turn = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))
      while ((yield* list).runs[0]?.answered !== 1) yield* turn
      const [kept] = (yield* list).runs
      assert.deepStrictEqual([kept!.state, kept!.asks], ["under way", 2])
      assert.match((yield* typed("runs", "show", kept!.id)).stdout, /^moon +asking/m)
      const stderr = `${kept!.id} is under way: nothing was forgotten\n`
      assert.deepStrictEqual(yield* typed("runs", "clean", kept!.id), { code: 2, stdout: "", stderr })
      assert.strictEqual((yield* typed("runs", "clean", "--all")).stdout, "Nothing to forget\n")

      yield* Fiber.interrupt(fiber)
      assert.strictEqual((yield* list).runs[0]!.state, "unfinished")
      yield* run()
      assert.deepStrictEqual(
        (yield* list).runs.map(({ reused, state }) => [state, reused]),
        [
          ["ended", 1],
          ["resumed", 0]
        ]
      )
    })
  )
})

/** The journal as a layer: what is answered again from it, over a fake Claude and a file. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, Schema } from "effect"
import { Ask, Research, Stack, Synthesis } from "fanfold"
import { captured } from "../Captured.ts"
import { make, questionOf, recorder, reply } from "../FakeClaude.ts"

const newFile = () => join(mkdtempSync(join(tmpdir(), "fanfold-journal-")), "journal.sqlite")

const asks = { market: Ask.text("How large?"), rivals: Ask.text("Who?"), rules: Ask.text("Which?") }

/** Runs a research and its synthesis over a journal of its own run. */
const run = (file: string | undefined, claude: ReturnType<typeof make>, options: Stack.Options = {}, all = asks) =>
  Research.run(all).pipe(
    Effect.flatMap(Synthesis.text("Weigh.")),
    Effect.provide(
      Stack.layerOver({ journal: file === undefined ? {} : { file }, ...options }).pipe(Layer.provide(claude.layer))
    )
  )

const remedy = (file: string) =>
  `. It is damaged, or no journal: move it away, which deletes nothing, and the next run begins a new one: ${file}`

describe("a journal that cannot be used", () => {
  it.effect("ends a program that names its file with an error that does, before anything is sent", () =>
    Effect.gen(function* () {
      const file = newFile()
      writeFileSync(file, "Dear diary")
      const claude = make()
      const exit = yield* Effect.exit(run(file, claude))
      assert(Exit.isFailure(exit))
      assert.strictEqual(
        Cause.pretty(exit.cause).split("\n")[0],
        `JournalError: the journal ${file} cannot be used: file is not a database${remedy(file)}`
      )
      assert.lengthOf(claude.sent, 0)
    })
  )

  it.effect("is told of once where no file is named, and the program goes on", () =>
    Effect.gen(function* () {
      const home = mkdtempSync(join(tmpdir(), "fanfold-journal-"))
      mkdirSync(join(home, "fanfold"))
      const file = join(home, "fanfold/journal.sqlite")
      writeFileSync(file, "Dear diary")
      const said = captured()
      const claude = make()
      yield* Effect.acquireUseRelease(
        Effect.sync(() => {
          const before = process.env["XDG_STATE_HOME"]
          process.env["XDG_STATE_HOME"] = home
          return before
        }),
        () => said.capture(run(undefined, claude)),
        (before) =>
          Effect.sync(() => {
            if (before === undefined) delete process.env["XDG_STATE_HOME"]
            else process.env["XDG_STATE_HOME"] = before
          })
      )
      assert.lengthOf(claude.sent, 4)
      assert.deepStrictEqual(said.lines, [
        `Nothing of this run is kept: the journal ${file} cannot be used: file is not a database${remedy(file)}`
      ])
      assert.strictEqual(readFileSync(file, "utf8"), "Dear diary")
    })
  )
})

describe("the journal", () => {
  it.effect("answers a finished run again without a request, where `reuse` is always", () =>
    Effect.gen(function* () {
      const file = newFile()
      const first = make()
      const document = yield* run(file, first)
      assert.lengthOf(first.sent, 4)
      const second = make()
      const { events, listen } = recorder()
      assert.strictEqual(yield* listen(run(file, second, { reuse: "always" })), document)
      assert.lengthOf(second.sent, 0)
      assert.lengthOf(
        events.filter(({ _tag }) => _tag === "Reused"),
        4
      )
    })
  )

  it.effect("asks a finished run again by default", () =>
    Effect.gen(function* () {
      const file = newFile()
      yield* run(file, make())
      const second = make()
      yield* run(file, second)
      assert.lengthOf(second.sent, 4)
    })
  )

  it.effect("goes on with a run that failed, and asks only what it lacks", () =>
    Effect.gen(function* () {
      const file = newFile()
      const failing = make(({ request }) =>
        questionOf(request) === "Which?" ? Effect.die("killed") : Effect.succeed(reply("yes"))
      )
      yield* Effect.exit(run(file, failing, {}, asks))
      const second = make()
      yield* run(file, second)
      assert.deepStrictEqual(
        second.sent.map(({ call }) => call.ask),
        ["rules", "synthesis"]
      )
    })
  )

  it.effect("keeps a misfit answer and its second try as one", () =>
    Effect.gen(function* () {
      const file = newFile()
      const object = { rating: Ask.object("Rate it", Schema.Struct({ stars: Schema.Int })) }
      const ask = (claude: ReturnType<typeof make>) =>
        Research.run(object).pipe(
          Effect.provide(Stack.layerOver({ journal: { file }, reuse: "always" }).pipe(Layer.provide(claude.layer)))
        )
      const first = make((_, nth) => Effect.succeed(reply(nth === 1 ? "{}" : `{"stars":4}`)))
      yield* ask(first)
      assert.lengthOf(first.sent, 2)
      const second = make()
      const { answers } = yield* ask(second)
      assert.deepStrictEqual(answers, { rating: { stars: 4 } })
      assert.lengthOf(second.sent, 0)
    })
  )

  it.effect("keeps the parts of a paused turn, and a refusal before another model answered", () =>
    Effect.gen(function* () {
      const file = newFile()
      const ask = (claude: ReturnType<typeof make>) =>
        Effect.exit(
          Research.run({ long: Ask.text("Long?", { model: ["claude-haiku-5-5", "claude-sonnet-5-5"] }) }).pipe(
            Effect.provide(Stack.layerOver({ journal: { file } }).pipe(Layer.provide(claude.layer)))
          )
        )
      const replies = [
        reply("", { stopReason: "refusal" }),
        reply("one ", { stopReason: "pause_turn", model: "claude-sonnet-5-5" })
      ]
      const killed = make((_, nth) => (nth <= 2 ? Effect.succeed(replies[nth - 1]!) : Effect.die("killed")))
      yield* ask(killed)
      assert.lengthOf(killed.sent, 3)
      const second = make(() => Effect.succeed(reply("two", { model: "claude-sonnet-5-5" })))
      const exit = yield* ask(second)
      assert.lengthOf(second.sent, 1)
      assert.strictEqual(second.sent[0]!.request.messages.at(-1)?.role, "assistant")
      assert.deepStrictEqual(exit._tag === "Success" && exit.value.answers, { long: "one two" })
    })
  )
})

/** `--events` and `--otlp` as a user meets them: what goes where, and what becomes of it when nobody takes it. */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mockClaude } from "fanfold/mocks"
import * as EventsOutput from "../../src/cli/EventsOutput.ts"
import { closedUrl } from "../Loopback.ts"
import * as Receiver from "../telemetry/Receiver.ts"
import { plan } from "./Planned.ts"
import { fanfold, folders, reaching, start } from "./Process.ts"

const folder = folders()

const eventsIn = (text: string): ReadonlyArray<any> =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))

const isQuestion = /How far is/

describe.concurrent("--events", { timeout: 60_000 }, () => {
  it("prints each event as a line, and the document goes to its file; the same come from the journal later", async () => {
    const cwd = folder({ "plan.yaml": plan })
    const options = { cwd, hurried: true }
    const kept = ["--journal", "journal.sqlite"]
    const printed = await fanfold(["run", "plan.yaml", "--offline", "--events", "-o", "guide.md", ...kept], options)
    assert.strictEqual(printed.code, 0)
    const events = eventsIn(printed.stdout)
    assert.deepStrictEqual([events[0]._tag, events[1]._tag], ["Configured", "ResearchStarted"])
    assert.deepStrictEqual([events.at(-1)._tag, events.at(-1).part], ["Answered", "synthesis"])
    assert.notMatch(printed.stdout, isQuestion)
    assert.isTrue(existsSync(join(cwd, "guide.md")))
    const [{ run }] = events as [{ run: string }]
    const shown = await fanfold(["runs", "show", run, "--events", ...kept], options)
    // Events of different asks at one moment may be kept in another order than they are heard in.
    assert.sameDeepMembers([...eventsIn(shown.stdout)], [...events])
    const withContent = await fanfold(["runs", "show", run, "--events", "--events-content", ...kept], options)
    assert.match(withContent.stdout, isQuestion)
  })

  it("writes them to a file beside the document, with prompts and answers where these are asked for", async () => {
    const cwd = folder()
    const args = ["ask", "How far is it?", "--offline", "--events", "all.ndjson", "--events-content", "--no-journal"]
    const { code, stdout } = await fanfold(args, { cwd, hurried: true })
    assert.strictEqual(code, 0)
    assert.include(stdout, "## ask1")
    const events = eventsIn(readFileSync(join(cwd, "all.ndjson"), "utf8"))
    const dispatched = events.find(({ _tag }) => _tag === "Dispatched")
    assert.strictEqual(dispatched.request.messages[0].content, "How far is it?")
    const replied = events.find(({ _tag }) => _tag === "Replied")
    assert.include(stdout, replied.content.find(({ type }: { type: string }) => type === "text").text)
  })

  it("ends the printing with its reader, and the run goes on to its document", async () => {
    const cwd = folder({ "plan.yaml": plan })
    const args = ["run", "plan.yaml", "--offline", "--events", "-o", "guide.md", "--no-journal", "--quiet"]
    const { child, ended } = start(args, { cwd, hurried: true })
    // Its text ends too early, which is the point.
    ended.catch(() => {})
    child.stdout!.once("data", () => child.stdout!.destroy())
    let stderr = ""
    child.stderr!.on("data", (data: Buffer) => (stderr += String(data)))
    const code = await new Promise((resolve) => child.on("close", resolve))
    assert.deepStrictEqual([code, stderr], [0, "offline: simulated answers\n"])
    assert.isTrue(existsSync(join(cwd, "guide.md")))
  })

  it.each([
    [["--events"], "--events prints where the document would be: add -o FILE for the document, or write --events=FILE"],
    [["--events", "--json"], "--events and --json would both print"],
    [["--events-content"], "--events-content needs --events"],
    [["--events=plan.yaml"], "--events plan.yaml: is the plan: name another file"],
    [["--events=none/all.ndjson"], "--events=none/all.ndjson: "],
    [["--otlp", "collector:4318"], "http:// or https:// address"],
    [["--otlp-content"], "--otlp-content needs --otlp URL, or OTEL_EXPORTER_OTLP_ENDPOINT"]
  ])("fails before anything is sent: %j", async (flags, said) => {
    const claude = mockClaude()
    await using server = await claude.serve()
    const cwd = folder({ "plan.yaml": plan })
    const args = ["run", "plan.yaml", "--no-journal", ...flags]
    const { code, stderr, stdout } = await fanfold(args, { cwd, env: reaching(server) })
    assert.include(stderr, said)
    assert.deepStrictEqual([code, stdout], [2, ""])
    assert.strictEqual(claude.journal.attempts, 0)
    assert.strictEqual(readFileSync(join(cwd, "plan.yaml"), "utf8"), plan)
  })
})

describe("the file of --events", () => {
  it.each([
    [
      ["run", "p.yaml", "--events", "all.ndjson"],
      ["run", "p.yaml", "--events=all.ndjson"]
    ],
    [
      ["run", "--events", "p.yaml"],
      ["run", "--events", "p.yaml"]
    ],
    [
      ["ask", "--events", "-"],
      ["ask", "--events=-"]
    ],
    [
      ["ask", "--events", "a.jsonl", "b?"],
      ["ask", "--events=a.jsonl", "b?"]
    ],
    [
      ["ask", "--", "--events", "a.jsonl"],
      ["ask", "--", "--events", "a.jsonl"]
    ]
  ])("may stand after a blank where its name says that it is one: %j", (given, joined) => {
    assert.deepStrictEqual(EventsOutput.joined(given), joined)
  })
})

describe.concurrent("--otlp", { timeout: 60_000 }, () => {
  it.live("sends the run there, under the name of its plan", () =>
    Effect.gen(function* () {
      const receiver = yield* Receiver.serve()
      const cwd = folder({ "guide.yaml": plan })
      yield* Effect.promise(async () => {
        await using server = await mockClaude().serve()
        const env = { ...reaching(server), OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }
        const { code } = await fanfold(["run", "guide.yaml", "--no-journal", "--quiet"], { cwd, env })
        assert.strictEqual(code, 0)
      })
      const names = receiver.spans.map(({ name }) => name)
      for (const name of ["invoke_workflow guide", "chat claude-haiku-5-5", "chat claude-sonnet-5-5", "POST"]) {
        assert.include(names, name)
      }
      assert.isNotEmpty(receiver.metrics())
    }).pipe(Effect.scoped)
  )

  it.live("where nobody is there, is told once, without its secrets, and the run goes on", () =>
    Effect.gen(function* () {
      const url = yield* closedUrl
      const cwd = folder({ "guide.yaml": plan })
      const args = ["run", "guide.yaml", "--offline", "--otlp", url, "--no-journal", "--quiet"]
      const env = { OTEL_EXPORTER_OTLP_HEADERS: "authorization=THE-SECRET" }
      const { code, stderr, stdout } = yield* Effect.promise(() => fanfold(args, { cwd, env, hurried: true }))
      assert.strictEqual(code, 0)
      assert.isNotEmpty(stdout)
      const told = stderr.split("\n").filter((line) => line.startsWith("Telemetry is lost"))
      assert.lengthOf(told, 1)
      assert.notInclude(stderr, "THE-SECRET")
    })
  )
})

/** Batches of the command line that outlive its processes, against the mock's server. */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { mockClaude } from "fanfold/mocks"
import { fanfold, folders, key, reaching, start, told } from "./Process.ts"

const folder = folders()
const plan = "asks: { sun: How hot?, moon: How far?, mars: How red? }\nsynthesis: Fold"
const command = ["run", "plan.yaml", "-o", "guide.md", "--journal", "journal.sqlite"]
/** Turns batches on, too, as every option of theirs does. */
const often = ["--batch-poll", "100ms"]

interface Batch {
  readonly processing_status: string
  readonly request_counts: Readonly<Record<string, number>>
}

/** The mock, a folder with the plan, and the command line in it. */
const setUp = async (processingMillis: number, more = "") => {
  const claude = mockClaude({ batches: { processingMillis } })
  const server = await claude.serve()
  const cwd = folder({ "plan.yaml": `${plan}${more}` })
  const options = { cwd, env: reaching(server) }
  /** All batches, the newest first. */
  const list = async () => {
    const headers = { "x-api-key": key, "anthropic-version": "2023-06-01" }
    const response = await fetch(`${server.url}/v1/messages/batches`, { headers })
    return ((await response.json()) as { data: ReadonlyArray<Batch> }).data
  }
  const sizes = async () =>
    (await list()).map(({ request_counts: counts }) => Object.values(counts).reduce((sum, count) => sum + count))
  /** Waits until all batches have ended: a look that comes before has ten seconds until the next. */
  const allEnded = async () => {
    while ((await list()).some(({ processing_status: status }) => status !== "ended")) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  return {
    sizes,
    allEnded,
    forget: () => claude.reset(),
    run: (...flags: ReadonlyArray<string>) => fanfold([...command, ...flags], options),
    runHurried: (...flags: ReadonlyArray<string>) => fanfold([...command, ...flags], { ...options, hurried: true }),
    /** Starts it, and waits until it has told `text`. */
    startUntil: async (text: string, ...flags: ReadonlyArray<string>) => {
      const running = start([...command, ...flags], options)
      await told(running, text)
      return running
    },
    runs: (...args: ReadonlyArray<string>) => fanfold(["runs", "--journal", "journal.sqlite", ...args], options),
    runsAt: (at: typeof server, ...args: ReadonlyArray<string>) =>
      fanfold(["runs", "--journal", "journal.sqlite", ...args], { cwd, env: reaching(at) }),
    document: () => readFileSync(join(cwd, "guide.md"), "utf8"),
    hasDocument: () => existsSync(join(cwd, "guide.md")),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]()
  }
}

const firstId = (listing: string): string => (JSON.parse(listing) as { runs: [{ id: string }] }).runs[0].id

describe("--batch", { timeout: 60_000 }, () => {
  it("asks everything in one batch, and folds what it brings", async () => {
    await using mock = await setUp(300)
    const { code, stderr } = await mock.run("--batch", ...often)
    assert.strictEqual(code, 0, stderr)
    assert.match(stderr, /📦 Sending 3 asks as a batch\n📦 Batch msgbatch_\w+: 3 in progress; expires in /)
    assert.match(stderr, /has ended: 3 succeeded/)
    assert.deepStrictEqual(await mock.sizes(), [3])
    assert.include(mock.document(), "Simulated synthesis of 3 findings.")
  })

  it("survives a process that is killed: the next one finds the batch, with or without the flag", async () => {
    await using mock = await setUp(1000)
    const { child, ended } = await mock.startUntil("3 in progress", "--batch", ...often)
    child.kill("SIGKILL")
    await ended
    await mock.allEnded()
    const { code, stderr } = await mock.run()
    assert.strictEqual(code, 0, stderr)
    assert.include(stderr, "Batches of an earlier run are looked at first")
    assert.deepStrictEqual(await mock.sizes(), [3])
    assert.include(mock.document(), "Simulated synthesis of 3 findings.")
  })

  it("leaves the batch running at Ctrl-C, and says how to come back and how to cancel", async () => {
    await using mock = await setUp(60_000)
    const { child, ended } = await mock.startUntil("3 in progress", "--batch", ...often)
    child.kill("SIGINT")
    const { code, stderr } = await ended
    assert.strictEqual(code, 130)
    const [, id = ""] = /fanfold runs resume (\w+) --journal \S*journal\.sqlite {2}fetches/.exec(stderr) ?? []
    const canceled = await mock.runs("cancel", id)
    assert.match(canceled.stdout, /^Batch msgbatch_\w+ is being canceled/)
    assert.match(
      canceled.stdout,
      new RegExp(`\nfanfold runs resume ${id} --journal .* asks the rest live, at the full price\n$`)
    )
    const resumed = await mock.runs("resume", id, "-o", "guide.md", ...often)
    assert.strictEqual(resumed.code, 0, resumed.stderr)
    assert.match(resumed.stderr, /has ended: .*canceled/)
    assert.deepStrictEqual(await mock.sizes(), [3])
    assert.include(mock.document(), "Simulated synthesis of 3 findings.")
  })
})

describe("batches that are left", { timeout: 60_000 }, () => {
  it("are named where a run goes without their results, by the run that cancels them", async () => {
    await using mock = await setUp(60_000)
    const { code, stderr } = await mock.run("--batch", "--deadline", "2s")
    assert.strictEqual(code, 1, stderr)
    assert.match(stderr, /Batch msgbatch_\w+: 3 in progress; expires in .*\nBatches go on without this process/)
    const live = await mock.run("--no-batch")
    assert.strictEqual(live.code, 0, live.stderr)
    const [, id = ""] =
      /this run has ended without it. To cancel them:\n  fanfold runs cancel (\w+) --journal /.exec(live.stderr) ?? []
    assert.match((await mock.runs("cancel", id)).stdout, /^Batch msgbatch_\w+ is being canceled/)
  })

  it("are named at Ctrl-C, also while the API is away", async () => {
    const mock = await setUp(60_000)
    assert.strictEqual((await mock.run("--batch", "--detach")).code, 0)
    await mock[Symbol.asyncDispose]()
    const { child, ended } = await mock.startUntil("are looked at first")
    // Before this line the run has begun; its first look may be under way, or in vain.
    child.kill("SIGINT")
    const { code, stderr } = await ended
    assert.strictEqual(code, 130)
    assert.match(stderr, /Batch msgbatch_\w+: 3 in progress.*\nBatches go on without this process/)
  })

  it("are named beside a fresh run, which takes nothing of them, by the command that cancels them", async () => {
    await using mock = await setUp(60_000)
    assert.strictEqual((await mock.run("--batch", "--detach")).code, 0)
    const id = firstId((await mock.runs("--json")).stdout)
    const fresh = await mock.run("--fresh")
    assert.strictEqual(fresh.code, 0, fresh.stderr)
    assert.match(
      fresh.stderr,
      new RegExp(
        `^Left beside, and paid: 1 batch of ${id}, msgbatch_\\w+\\. To cancel: fanfold runs cancel ${id} --journal `,
        "m"
      )
    )
  })

  it("are not asked anew at another address, which would be paid twice", async () => {
    await using mock = await setUp(60_000)
    await using other = await mockClaude().serve()
    assert.strictEqual((await mock.run("--batch", "--detach")).code, 0)
    const id = firstId((await mock.runs("--json")).stdout)
    const elsewhere = await mock.runsAt(other, "resume", id)
    assert.strictEqual(elsewhere.code, 2, elsewhere.stderr)
    assert.match(elsewhere.stderr, new RegExp(`^${id} has asked http://\\S+: set ANTHROPIC_BASE_URL to that`))
  })
})

describe("--detach", { timeout: 60_000 }, () => {
  it("leaves once the batch is there, with exit code 0; `runs resume` fetches what it has brought", async () => {
    await using mock = await setUp(1500)
    const left = await mock.run("--batch", "--detach")
    assert.strictEqual(left.code, 0, left.stderr)
    assert.strictEqual(left.stdout, "")
    assert.include(left.stderr, "Come back with the same command, or:\n  fanfold runs resume ")
    assert.isFalse(mock.hasDocument())
    const id = firstId((await mock.runs("--json")).stdout)
    const shown = (await mock.runs("show", id)).stdout
    assert.match(shown, /^sun {3}waits for its batch$/m)
    assert.match(
      shown,
      new RegExp(`^Go on with it: fanfold runs resume ${id} --journal .*\nCancel its batches: .* cancel ${id} `, "m")
    )
    await mock.allEnded()
    const { code, stderr } = await mock.runs("resume", id, "-o", "guide.md")
    assert.strictEqual(code, 0, stderr)
    assert.deepStrictEqual(await mock.sizes(), [3])
    assert.include(mock.document(), "Simulated synthesis of 3 findings.")
    const again = await mock.runs("resume", id)
    assert.strictEqual(again.code, 2)
    assert.include(again.stderr, "was gone on with")
  })

  it("says that it waits for the batch that writes a shared document to the cache", async () => {
    const document = "A sentence of the document that all of them share. ".repeat(1600)
    await using mock = await setUp(300, `\ncontext: ${document}`)
    const left = await mock.run("--batch", "--detach", ...often)
    assert.strictEqual(left.code, 0, left.stderr)
    assert.include(
      left.stderr,
      "--detach leaves once all batches are there: most asks follow the first one that has their document, whose batch is waited for\n"
    )
    assert.deepStrictEqual(await mock.sizes(), [2, 1])
  })

  it("needs a batch, and a journal to come back to", async () => {
    await using mock = await setUp(1500)
    const [without, unkept, simulated] = await Promise.all([
      mock.run("--detach"),
      mock.run("--batch", "--detach", "--no-journal"),
      mock.run("--batch", "--detach", "--offline")
    ])
    assert.deepStrictEqual([without.code, unkept.code, simulated.code], [2, 2, 2])
    assert.include(simulated.stderr, "--detach: simulated batches end with this process")
    assert.include(without.stderr, "--detach needs --batch")
    assert.include(unkept.stderr, "--detach needs a journal")
    assert.deepStrictEqual(await mock.sizes(), [])
  })

  it("is refused with simulated answers, whose batches end with the process: the next run makes others", async () => {
    await using mock = await setUp(1500)
    const refused = await mock.run("--batch", "--detach", "--offline")
    assert.strictEqual(refused.code, 2)
    assert.include(
      refused.stderr,
      "--detach: simulated batches end with this process; fanfold mock serves some that do not"
    )
    const { child, ended } = await mock.startUntil("3 in progress", "--offline", "--batch", ...often)
    child.kill("SIGINT")
    assert.notInclude((await ended).stderr, "Batches go on")
    const id = firstId((await mock.runs("--json")).stdout)
    assert.include((await mock.runs("cancel", id)).stderr, "Simulated batches have ended with their process")
    const next = await mock.runHurried("--offline")
    assert.strictEqual(next.code, 0, next.stderr)
  })
})

describe("a batch that the API does not have", { timeout: 60_000 }, () => {
  it("fails its asks with what to check, and is given up only with --no-batch", async () => {
    await using mock = await setUp(1500)
    assert.strictEqual((await mock.run("--batch", "--detach")).code, 0)
    mock.forget()
    const lost = await mock.run()
    assert.strictEqual(lost.code, 1)
    assert.include(lost.stderr, "Check that the key is of the workspace that made it")
    assert.include(lost.stderr, "--no-batch asks and pays again")
    const { code, stderr } = await mock.run("--no-batch")
    assert.strictEqual(code, 0, stderr)
  })
})

describe("fanfold runs clean", { timeout: 60_000 }, () => {
  it("says which batches cannot be fetched any more", async () => {
    await using mock = await setUp(60_000)
    assert.strictEqual((await mock.run("--batch", "--detach")).code, 0)
    const { code, stderr } = await mock.runs("clean", "--all")
    assert.strictEqual(code, 0)
    assert.match(
      stderr,
      /^Batch msgbatch_\w+ had not ended when last looked at: its answers are paid, and can no longer be fetched$/m
    )
  })
})

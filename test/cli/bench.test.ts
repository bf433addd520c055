/** What asking in parallel buys, told by the command line: figures of a plan, measured without a network. */
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { speedFor } from "../../bench/plan/PlanBench.ts"
import { PlanReport } from "../../bench/plan/PlanReport.ts"
import { bin, controls, fanfold, folders, key, start, until } from "./Process.ts"

const hasTerminal = spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux") ?? false

const folder = folders()
const plan = "asks:\n  sun: How far?\n  moon: How far?\n  mars: How near?\nsynthesis: Compare them.\n"
const quick = ["--latency", "fixed:40", "--iterations", "1"]

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(PlanReport), { onExcessProperty: "error" })
const dataOf = (text: string): PlanReport => decode(text)

/** What two asks over one document cost, together and one after the other. */
const outcomeOf = async (layers: object) => {
  const args = ["bench", "plan.json", "--latency", "fixed:300", "--speed", "1", "--iterations", "1"]
  const { stdout } = await fanfold(args, {
    cwd: folder({
      "plan.json": JSON.stringify({
        context: "A long document. ".repeat(3000),
        asks: { sun: "How far?", moon: "Why?" },
        ...layers
      })
    })
  })
  const costOf = (arm: string) => Number(new RegExp(`^${arm} .*\\$(.*)$`, "m").exec(stdout)?.[1])
  return { stdout, together: costOf("unbounded"), inTurn: costOf("sequential") }
}

describe.concurrent("fanfold bench", { timeout: 60_000 }, () => {
  it("measures a plan with batches as if it were asked live", async () => {
    const cwd = folder({ "plan.yaml": `${plan}batch: {}\n` })
    const { code, stderr, stdout } = await fanfold(["bench", "plan.yaml", ...quick], { cwd })
    assert.strictEqual(code, 0, stderr)
    assert.match(stdout, /^sequential /m)
  })

  it("measures a plan one after another and together, beside the exact ideal, and sends nothing", async () => {
    let requests = 0
    const server = createServer((_, response) => {
      requests++
      response.end()
    }).listen(0)
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { code, stderr, stdout } = await fanfold(["bench", "plan.yaml", ...quick, "--json"], {
      cwd: folder({ "plan.yaml": `policy: { first: 1 }\n${plan}` }),
      env: { ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: key }
    })
    server.close()
    assert.strictEqual(code, 0, stderr)
    assert.strictEqual(requests, 0)
    const { arms, asks, calls, ownMillis, speed, synthesisMillis } = dataOf(stdout)
    assert.deepStrictEqual(
      // A policy that stops at the first answer would leave two out.
      asks,
      ["sun", "moon", "mars"].map((name) => ({ name, millis: 40 }))
    )
    assert.deepStrictEqual([calls, speed, synthesisMillis], [4, 1, 40])
    // Three equal asks: one place takes three turns, two take two, three take one; then the synthesis.
    assert.deepStrictEqual(
      arms.map(({ concurrency, idealMillis, lowerBoundMillis }) => [concurrency, idealMillis, lowerBoundMillis]),
      [
        [1, 160, 160],
        [2, 120, 100],
        ["unbounded", 80, 80]
      ]
    )
    for (const { idealMillis, researchMillis, synthesisMillis, totalMillis } of arms) {
      assert.lengthOf(totalMillis, 1)
      assert.isAtLeast(totalMillis[0]!, idealMillis - 2, "nothing is faster than what is simulated")
      assert.isAtLeast(synthesisMillis[0]!, 38)
      assert.isAtMost(researchMillis[0]! + synthesisMillis[0]!, totalMillis[0]! + 1)
    }
    assert.isAbove(ownMillis.withFanfold[0]!, 0)
    assert.isAbove(ownMillis.mockAlone[0]!, 0)
  })

  it("gives each ask a time of its own, whatever the order, and counts them all into the ideal", async () => {
    const cwd = folder({ "plan.yaml": plan })
    const args = ["bench", "plan.yaml", "--iterations", "1", "--speed", "100", "--concurrency", "2", "--json"]
    const [one, again, other] = await Promise.all([
      fanfold(args, { cwd }),
      fanfold(args, { cwd }),
      fanfold([...args, "--seed", "2"], { cwd })
    ])
    const [asks, asksAgain, asksOther] = [one, again, other].map(({ stdout }) => dataOf(stdout).asks)
    assert.deepStrictEqual(asks, asksAgain)
    assert.notDeepEqual(asks, asksOther)
    const { arms, synthesisMillis } = dataOf(one.stdout)
    const [first = 0, second = 0, third = 0] = asks!.map(({ millis }) => millis)
    const sequential = first + second + third + synthesisMillis
    const two = Math.max(first, second, Math.min(first, second) + third) + synthesisMillis
    assert.deepStrictEqual(
      arms.map(({ concurrency }) => concurrency),
      [1, 2],
      "one after another is always there to compare with"
    )
    assert.closeTo(arms[0]!.idealMillis, sequential, 1e-6)
    assert.closeTo(arms[1]!.idealMillis, two, 1e-6)
  })

  it("prints a table that says what is simulated, what is serial and what it would cost", async () => {
    const { code, stderr, stdout } = await fanfold(["bench", "plan.yaml", ...quick, "-j", "2,unbounded"], {
      cwd: folder({ "plan.yaml": plan })
    })
    assert.strictEqual(code, 0, stderr)
    assert.match(stdout, /^plan\.yaml: 3 asks and a synthesis, simulated\n\n/)
    assert.match(stdout, /^ +median +min +max +n +ideal +of ideal +speed-up\n/m)
    assert.match(stdout, /^sequential( +[\d.]+ m?s){3} +1 +160 ms +\d+\.\d % +1\.00×\n/m)
    assert.match(stdout, /^2 at once( +[\d.]+ m?s){3} +1 +120 ms /m)
    assert.match(stdout, /^unbounded( +[\d.]+ m?s){3} +1 +80 ms /m)
    assert.match(stdout, /^ +research +synthesis +lower bound +overhead +cost\n/m)
    assert.match(stdout, /no model was asked/)
    assert.match(
      stdout.replace(/\s+/g, " "),
      /40 ms of 160 ms: no speed-up of these times passes 4\.00× \(Amdahl\).* 2\.00× here/
    )
    assert.match(stdout, /estimated from list prices of \d{4}-\d\d/)
    for (const line of stdout.split("\n")) assert.isAtMost(line.length, 80, line)
    assert.match(
      stderr,
      /^Measuring against the offline mock, in real time: about \d\.\d s\nRound 1 of 1, 0\.0 s of about /
    )
    assert.notMatch(stderr, controls)
  })

  it("writes a plot, data and Markdown, and is quiet where it is told so", async () => {
    const cwd = folder({ "plan.yaml": plan })
    const files = ["bench.svg", "bench.json", "bench.md"]
    const { code, stderr } = await fanfold(
      ["bench", "plan.yaml", ...quick, "--quiet", ...files.flatMap((file) => ["-o", file])],
      { cwd }
    )
    assert.deepStrictEqual([code, stderr], [0, ""])
    const [svg = "", json = "", markdown = ""] = files.map((file) => readFileSync(join(cwd, file), "utf8"))
    assert.match(svg, /^<svg /)
    for (const name of ["measured", "ideal", "lower bound", "sequential", "2 at once", "unbounded"])
      assert.include(svg, name)
    assert.deepStrictEqual(dataOf(json).plan, "plan.yaml")
    assert.match(markdown, /^## plan\.yaml: 3 asks and a synthesis, simulated\n/)
    assert.match(markdown, /^\| sequential \| .* \| 160 ms \|/m)
    assert.match(markdown, /Node v\d+/)
  })

  it("takes the plan's own concurrency along, where it is one of its own", async () => {
    const asks = `{ ${Array.from({ length: 5 }, (_, index) => `q${index}: Why?`).join(", ")} }`
    const cwd = folder({
      "three.yaml": `concurrency: 3\nasks: ${asks}\n`,
      "fifty.yaml": `concurrency: 50\nasks: ${asks}\n`
    })
    const [three, fifty] = await Promise.all(
      ["three.yaml", "fifty.yaml"].map(async (file) => {
        const { stdout } = await fanfold(["bench", file, "--latency", "none", "--iterations", "1", "--json"], { cwd })
        return dataOf(stdout).arms.map(({ concurrency }) => concurrency)
      })
    )
    assert.deepStrictEqual(three, [1, 2, 3, 4, "unbounded"])
    assert.deepStrictEqual(fifty, [1, 2, 4, "unbounded"])
  })

  it("measures a plan of one ask and no synthesis, from standard input and in no time", async () => {
    const { code, stderr, stdout } = await fanfold(["bench", "-", "--latency", "none", "--iterations", "2", "--json"], {
      stdin: "asks: { sun: How far? }\npolicy: { first: 1 }\n"
    })
    assert.strictEqual(code, 0, stderr)
    const { arms, synthesisMillis } = dataOf(stdout)
    assert.deepStrictEqual(
      arms.map(({ concurrency, idealMillis, totalMillis }) => [concurrency, idealMillis, totalMillis.length]),
      [
        [1, 0, 2],
        ["unbounded", 0, 2]
      ]
    )
    assert.strictEqual(synthesisMillis, 0)
  })

  it("ends at once when it is interrupted", async () => {
    const { child, ended } = start(["bench", "plan.yaml", "--latency", "fixed:30000", "--speed", "1"], {
      cwd: folder({ "plan.yaml": plan })
    })
    let said = ""
    child.stderr?.on("data", (chunk) => (said += chunk))
    await until(() => said.includes("Round 1 of 3"))
    child.kill("SIGINT")
    const { code, stdout } = await ended
    assert.deepStrictEqual([code, stdout], [130, ""])
  })

  it("tells that asks which leave together pay for what one after another they would share, where none leads", async () => {
    const [led, apart] = await Promise.all([outcomeOf({}), outcomeOf({ warm: { maxWait: "1 millis" } })])
    assert.strictEqual(led.together, led.inTurn)
    assert.isAbove(apart.together, apart.inTurn)
    const said = "cannot read from the cache what they share"
    assert.notInclude(led.stdout.replace(/\s+/g, " "), said)
    assert.include(apart.stdout.replace(/\s+/g, " "), said)
    assert.notInclude(led.stdout, "Amdahl", "without a synthesis nothing is serial")
  })

  it.runIf(hasTerminal)("shows on a terminal how far it is, on a line that goes when it is done", async () => {
    const words = ["bench", "plan.yaml", "--iterations", "1", "--latency", "fixed:400", "-j", "1", "> out.txt"]
    const command = `'${process.execPath}' '${bin}' ${words.join(" ")}`
    const { status, stdout } = spawnSync("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
      cwd: folder({ "plan.yaml": plan }),
      encoding: "utf8",
      env: { PATH: process.env["PATH"] ?? "", HOME: tmpdir(), TERM: "xterm-256color", SHELL: "/bin/sh" }
    })
    assert.strictEqual(status, 0, stdout)
    assert.match(stdout, /Round 1 of 1 · \d\.\d s of about \d\.\d s · sequential/)
    assert.isTrue(stdout.endsWith("\r\u001B[2K"))
  })

  it("says which ask fails, and does not try again", async () => {
    const cwd = folder({
      "plan.yaml": "asks:\n  sun: { question: How far?, timeout: 1 seconds }\nsynthesis: Tell it.\n"
    })
    const { code, stderr, stdout } = await fanfold(["bench", "plan.yaml", "--latency", "fixed:1500", "--quiet"], {
      cwd
    })
    assert.deepStrictEqual([code, stdout], [1, ""])
    assert.match(stderr, /^The simulated run failed at concurrency (1|unbounded): sun: .*1 s/)
  })

  it("lets simulated time run faster, and tells it as if it had not", async () => {
    const args = ["bench", "plan.yaml", "--latency", "fixed:5000", "--iterations", "1", "--speed", "50"]
    const cwd = folder({ "plan.yaml": "asks: { sun: How far?, moon: How near? }\nsynthesis: Compare.\n" })
    const { stderr, stdout } = await fanfold([...args, "-o", "bench.json"], { cwd })
    assert.match(stderr, /^Measuring against the offline mock, time running 50 × as fast: about 0\.\d s\n/)
    assert.match(stdout, /^sequential( +\d\d\.\d s){3} +1 +15\.0 s /m)
    assert.include(stdout.replace(/\s+/g, " "), "the machine's own milliseconds weigh 50-fold")
    const { arms, speed } = dataOf(readFileSync(join(cwd, "bench.json"), "utf8"))
    assert.strictEqual(speed, 50)
    for (const { idealMillis, researchMillis, synthesisMillis, totalMillis } of arms) {
      assert.isAtLeast(totalMillis[0]!, idealMillis - 100, "one clock: the simulated")
      assert.isAtLeast(researchMillis[0]!, idealMillis - 5100)
      assert.isAtLeast(synthesisMillis[0]!, 4900)
    }
  })
})

describe("the speed of simulated time", () => {
  it("is the slowest that is over within half a minute", () => {
    assert.strictEqual(speedFor(30_000, [10_000]), 1)
    assert.strictEqual(speedFor(30_001, [10_000]), 2)
    assert.strictEqual(speedFor(290_000, [10_000, 2000]), 10)
    assert.strictEqual(speedFor(0, [0]), 1)
  })

  it("never makes asks too short to be measured", () => {
    assert.strictEqual(speedFor(600_000, [300, 300, 300]), 5)
    assert.strictEqual(speedFor(600_000, [60, 20]), 1)
  })
})

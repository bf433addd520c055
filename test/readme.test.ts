/** The README is short and shows what it says: its commands, pictures and figures; what the pages claim agrees with the code. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { AskError, Claude, Event, Policy, Price, Retry } from "fanfold"
import { examples, fault, mockClaude, type Server } from "fanfold/mocks"
import manifest from "../package.json" with { type: "json" }
import { exitCode as code } from "../src/cli/ExitCode.ts"
import { fanfold, folders, root } from "./cli/Process.ts"
import { blocksOf, linksOf, textOf } from "./docs/Pages.ts"
import { typed } from "./docs/Shell.ts"

const readme = textOf("README.md")

/** The commands a reader types, in the order of the README, in the one folder of the reader. */
const cwd = folders()()
const lines = blocksOf("README.md")
  .filter(({ language }) => language === "sh")
  .flatMap(({ text }) => text.trim().split("\n"))

/** A page's text with one space where it has several, or a line end. */
const claimsOf = (page: string): string => textOf(page).replaceAll(/\s+/g, " ")

/** The first cells of the rows of a table, by the table's heading. */
const firstCells = (page: string, heading: string): ReadonlyArray<string> => {
  const [, rows = ""] = new RegExp(`^\\| ${heading} \\|.*\\n\\|[-|: ]+\\n((?:\\|.*\\n)+)`, "m").exec(textOf(page)) ?? []
  return [...rows.matchAll(/^\| `([^`]+)`/gm)].map(([, cell = ""]) => cell)
}

const resultOf = (name: string) => JSON.parse(readFileSync(join(root, `bench/results/${name}.json`), "utf8"))

let server: Server
beforeAll(async () => {
  server = await mockClaude({ scenario: examples }).serve()
})
afterAll(() => server.close())

describe.concurrent("the README", { timeout: 60_000 }, () => {
  it("is a tour of at most 200 lines", () => {
    assert.isAtMost(readme.trimEnd().split("\n").length, 200)
    assert.deepStrictEqual([...new Set(blocksOf("README.md").map(({ language }) => language))].toSorted(), [
      "sh",
      "ts",
      "yaml"
    ])
  })

  it("shows pictures, two of them of measured figures", () => {
    const images = linksOf("README.md").filter((target) => target.endsWith(".svg"))
    assert.strictEqual(images.filter((image) => image.startsWith("bench/results/")).length, 2)
    for (const image of images) assert.isTrue(existsSync(join(root, image)), image)
  })

  it("shows commands that run, one after the other", async () => {
    const [ended] = await typed([lines], cwd, server)
    const written = new Map([...ended!].map(([line, one]) => [line.split(" ")[2]!, one]))
    assert.hasAllKeys(Object.fromEntries(written), ["init", "run", "check", "ask"])
    assert.includeMembers(readdirSync(cwd), ["travel-guide.yaml", "guide.md", "guide.json"])
    assert.match(readFileSync(join(cwd, "guide.md"), "utf8"), /^# Lisbon/)
    assert.isTrue(JSON.parse(written.get("ask")!.stdout).simulated)
  })

  it("names only npm commands that this package has, and some", () => {
    assert.isNotEmpty(lines.filter((line) => line.startsWith("npm ")))
  })

  it("has a line for each verb", async () => {
    const { stdout } = await fanfold(["--help"])
    const [, listed = ""] = stdout.split("SUBCOMMANDS\n")
    const verbs = [...listed.matchAll(/^ +([a-z]+)/gm)].map(([, verb = ""]) => verb)
    const cells = firstCells("README.md", "verb").map((cell) => cell.split(" ")[1] ?? "")
    assert.isNotEmpty(verbs)
    assert.sameMembers(cells, verbs)
  })
})

describe("what the pages claim", () => {
  it.each(["README.md", "docs/benchmarks.md"])("has the speed-ups that were measured: %s", (page) => {
    const { rows } = resultOf("sequential-vs-parallel")
    const speedUp = (asks: number): string =>
      rows.find(
        (row: Record<string, unknown>) => Number(row["asks"]) === asks && /Sonnet/.test(String(row["latency"]))
      )["speed-up"]
    const [, three, hundred] =
      /are ([\d.]+) times as fast as one after another, and a hundred ([\d.]+) times/.exec(claimsOf(page)) ?? []
    assert.deepStrictEqual(
      [three, hundred],
      [3, 100].map((asks) => speedUp(asks).replace(" ×", ""))
    )
  })

  it("has the processor times that were measured", () => {
    const { further } = resultOf("end-to-end")
    const cpu = (protocol: string, contender: string): string => {
      const [, table] = Object.entries(further).find(([title]) =>
        title.startsWith(`warm, ${protocol}, limit headers: 1,000 asks of`)
      )!
      const row = (table as ReadonlyArray<Record<string, string>>).find((row) => row["contender"] === contender)!
      return Number(row["CPU ms a call"]).toFixed(2)
    }
    const [http1, http2] = ["HTTP/1.1", "TLS, HTTP/2"].map((protocol) => [
      cpu(protocol, "fanfold"),
      cpu(protocol, "SDK + Promise.all")
    ])
    assert.include(
      claimsOf("README.md"),
      `one call through fanfold takes ${http1![0]} ms of processor time over HTTP/1.1 (${http1![1]} ms through the SDK with \`Promise.all\`) and ${http2![0]} ms over HTTP/2 (${http2![1]} ms).`
    )
  })

  it("has the times of a first run that were measured", () => {
    const { rows } = resultOf("cold-start")
    const ratioOf = (asks: string, transport: string): string => {
      const name = `${asks} asks of 300 ms, ${transport}, limit headers`
      const found = rows.find(
        (row: Record<string, string>) =>
          row["case"] === name && row["contender"] === "fanfold/promise" && row["figure"]!.startsWith("cold wall")
      )
      return Number(found["ratio"]).toFixed(2)
    }
    const [hundred, thousand] = [ratioOf("100", "HTTP/1.1"), ratioOf("1,000", "TLS, HTTP/2")]
    assert.include(
      claimsOf("README.md"),
      `100 questions of 300 ms take ${hundred} × the time of a script with the SDK and \`Promise.all\`, and 1,000 of them over HTTP/2 ${thousand} ×.`
    )
  })

  it("has the figures of a bad day that were measured", () => {
    const { further, notes, rows } = resultOf("delivery")
    const told = "20 requests/s, burst 10, limit headers"
    const claims = claimsOf("docs/benchmarks.md")
    assert.include(claims, notes[0].replace(" targets met.", " are."))
    const row = rows.find((row: Record<string, string>) => row["case"] === told && row["figure"] === "wall ÷ ideal")
    assert.include(
      claims,
      `200 asks against 20 requests a second take fanfold ${Number(row.found).toFixed(2)} × the least`
    )
    const [fanfold, ...others] = further[told]
    assert.strictEqual(fanfold["429s"], 0)
    for (const other of others) assert.match(other["complete runs"], /^0\//)
  })

  it("has the exit codes", () => {
    const { contradictions, failed, gaps, overBudget, usage } = code
    const claims = claimsOf("README.md")
    assert.include(claims, `0 complete, ${failed} failed, ${usage} wrong plan or usage, ${gaps} a document with gaps`)
    assert.include(claims, `${overBudget} the same because the budget was used up`)
    assert.include(claims, `${contradictions} answers that contradict each other`)
    const rows = [...textOf("docs/plans.md").matchAll(/^\| (\d+) \| (.*) \|$/gm)].map(([, code]) => Number(code))
    assert.deepStrictEqual(rows, [0, failed, usage, gaps, overBudget, contradictions, 130])
  })

  it("has the default models, and Node's version", () => {
    const claims = claimsOf("README.md")
    assert.include(claims, `Asks go to \`${Claude.askModel}\` and the synthesis to \`${Claude.synthesisModel}\``)
    assert.include(claims, `Node ${manifest.engines.node.replace(">=", "")} or newer`)
  })

  it.each(["docs/plans.md", "docs/delivery.md"])("has both default policies: %s", (page) => {
    assert.include(claimsOf(page), "The default policy in code is `all`; in plans it is `best-effort`")
  })

  it("says which policy takes no answer for granted", () => {
    assert.include(claimsOf("docs/delivery.md"), "`best-effort` (the default of plans)")
    assert.strictEqual(Policy.answersNeeded("best-effort", 3), 0)
  })

  it("has the month of the prices, and the time of an ask", () => {
    const [year, month] = Price.pricedAt.split("-")
    assert.strictEqual(`${year}-${month}`, "2026-11")
    assert.include(claimsOf("docs/cost.md"), "list prices of November 2026")
    const [, minutes] = /An ask has (\d+) minutes for all its tries/.exec(claimsOf("docs/delivery.md")) ?? []
    assert.deepStrictEqual<unknown>(Retry.within, `${minutes} minutes`)
  })

  it("has every constructor of a fault", () => {
    const page = "docs/testing-offline.md"
    const written = [...textOf(page).matchAll(/`fault\.(\w+)\(/g)].map(([, name = ""]) => name)
    const constructors = Object.entries(fault).flatMap(([name, value]) =>
      typeof value === "function" && name !== "Fault" ? [name] : []
    )
    const kinds = firstCells(page, "kind").filter((kind) => kind !== "status")
    assert.sameMembers([...new Set([...written, ...kinds])], constructors)
  })

  it("has every reason of an error, and every event", () => {
    const reasons = AskError.Reason.members.map(({ identifier }) => identifier)
    assert.sameMembers([...firstCells("docs/delivery.md", "reason")], reasons)
    const events = Event.Event.members.map(({ fields }) => fields._tag.schema.literal)
    assert.sameMembers([...firstCells("docs/delivery.md", "event")], events)
  })
})

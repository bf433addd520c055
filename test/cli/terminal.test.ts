/** The command line under a real terminal, which `script` of util-linux provides. */
import { spawn, spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { stripVTControlCharacters } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { fault, latency, mockClaude } from "fanfold/mocks"
import { bin, folders, reaching, until } from "./Process.ts"

const version = spawnSync("script", ["--version"], { encoding: "utf8" })
const hasTerminal = version.stdout?.includes("util-linux") ?? false
if (!hasTerminal) console.log("No terminal to test with: `script` of util-linux is not on this machine")

const folder = folders()
const plan = "asks:\n  sun: How far is the sun?\n  moon: How far is the moon?\nsynthesis: Compare both.\n"

const hide = "\u001B[?25l"
const show = "\u001B[?25h"

/** Runs `fanfold run plan.yaml` with its standard error on a terminal, and its standard output too unless it goes to a file. */
const onTerminal = (env: Readonly<Record<string, string>>, to = "") => {
  const cwd = folder({ "plan.yaml": plan })
  const command = `'${process.execPath}' '${bin}' run plan.yaml ${to}`
  const child = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", HOME: tmpdir(), TERM: "xterm-256color", SHELL: "/bin/sh", ...env }
  })
  const seen = { text: "" }
  child.stdout.on("data", (chunk: Buffer) => void (seen.text += chunk.toString()))
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve))
  return { cwd, seen, ended, type: (text: string) => child.stdin.write(text) }
}

const count = (text: string, part: string): number => text.split(part).length - 1

describe.runIf(hasTerminal).concurrent("on a terminal", { timeout: 60_000 }, () => {
  it("shows a live region while it works, gives the cursor back, and prints the document once", async () => {
    const claude = mockClaude({ latency: latency.fixed(400) })
    claude.when({ part: "synthesis" }).reply("# Sun and moon\n\nBoth are far.")
    await using server = await claude.serve()
    const { ended, seen } = onTerminal(reaching(server))
    assert.strictEqual(await ended, 0)
    const plain = stripVTControlCharacters(seen.text)
    assert.isAbove(count(seen.text, hide), 0)
    assert.isAbove(seen.text.lastIndexOf(show), seen.text.lastIndexOf(hide))
    assert.isAbove(count(plain, "asking"), 1, "it is drawn more than once")
    assert.include(plain, "folding 2 answers")
    assert.match(plain, /2 asks in [\d.]+ s; one after another [\d.]+ s: [\d.]+×/)
    // The stream may show the text as it comes; what stands at the end, after the cursor is back, is the document.
    const after = stripVTControlCharacters(seen.text.slice(seen.text.lastIndexOf(show)))
    assert.strictEqual(count(after.replaceAll("\r", ""), "# Sun and moon\n\nBoth are far.\n"), 1)
  })

  it("keeps the region out of a standard output that goes elsewhere", async () => {
    const claude = mockClaude({ latency: latency.fixed(100) })
    claude.when({ part: "synthesis" }).reply("# Sun and moon\n\nBoth are far.")
    await using server = await claude.serve()
    const { cwd, ended, seen } = onTerminal(reaching(server), "> out.md")
    assert.strictEqual(await ended, 0)
    assert.strictEqual(readFileSync(join(cwd, "out.md"), "utf8"), "# Sun and moon\n\nBoth are far.\n")
    assert.include(seen.text, hide)
  })

  it("gives the cursor back at Ctrl-C, and closes every request", async () => {
    const claude = mockClaude()
    claude.fault(fault.hang())
    await using server = await claude.serve()
    const { ended, seen, type } = onTerminal(reaching(server))
    await until(() => claude.journal.inFlight === 2 && seen.text.includes(hide))
    type("\u0003")
    assert.strictEqual(await ended, 130)
    await until(() => claude.journal.inFlight === 0)
    assert.isAbove(seen.text.lastIndexOf(show), seen.text.lastIndexOf(hide))
    assert.notInclude(stripVTControlCharacters(seen.text), "# ")
  })

  it("uses no colour under NO_COLOR, and no region on a dumb terminal", async () => {
    const claude = mockClaude({ latency: latency.fixed(100) })
    await using server = await claude.serve()
    const plain = onTerminal({ ...reaching(server), NO_COLOR: "1" }, "> out.md")
    const dumb = onTerminal({ ...reaching(server), TERM: "dumb" }, "> out.md")
    assert.deepStrictEqual([await plain.ended, await dumb.ended], [0, 0])
    assert.include(plain.seen.text, hide)
    // oxlint-disable-next-line no-control-regex
    assert.notMatch(plain.seen.text, /\u001B\[\d*(;\d+)*m/)
    assert.notInclude(dumb.seen.text, "\u001B")
    assert.include(dumb.seen.text, "Answered sun")
  })
})

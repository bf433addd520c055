/** `fanfold check` as a process: what a plan would send and cost, and what is wrong with it. */
import { execFileSync } from "node:child_process"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { mockClaude } from "fanfold/mocks"
import { plan } from "./Planned.ts"
import { fanfold, folders, reaching } from "./Process.ts"

const folder = folders()

const escaped = (text: string) => text.replaceAll(/[().]/g, String.raw`\$&`)

/** The two prices of a line. */
const costs = (text: string) => (/at most \$([\d.]+).* about \$([\d.]+)/.exec(text) ?? []).slice(1).map(Number)

describe.concurrent("fanfold check", { timeout: 60_000 }, () => {
  it("says what would be sent and what it may cost, and calls nothing", async () => {
    const claude = mockClaude()
    await using server = await claude.serve()
    const cwd = folder({ "plan.yaml": `policy: { atLeast: 1 }\n${plan}` })
    const env = reaching(server)
    const [text, json, unpriced, several] = await Promise.all([
      fanfold(["check", "plan.yaml", "-j", "2"], { cwd, env }),
      fanfold(["check", "plan.yaml", "--json"], { cwd }),
      fanfold(["check", "plan.yaml", "--model", "claude-next"], { cwd }),
      fanfold(["check", "plan.yaml", "--model", "claude-haiku-5-5,claude-opus-5-5"], { cwd })
    ])
    assert.strictEqual(
      text.stdout,
      [
        "2 asks and a synthesis, policy atLeast=1, concurrency 2",
        "  sun         claude-haiku-5-5   about 41 tokens in, up to 4,096 out, at most $0.0021",
        "  moon        claude-haiku-5-5   about 41 tokens in, up to 4,096 out, at most $0.0021",
        "  comparison  claude-haiku-5-5   up to 11,734 tokens in, up to 2,048 out, at most $0.0022",
        "  synthesis   claude-sonnet-5-5  up to 11,034 tokens in, up to 16,384 out, at most $0.3719",
        'Comparison: before the synthesis, answers of 1,000 characters together are compared for contradictions, 0.6 % of the cost ("contradictions: off" turns it off)',
        "Cost: at most $0.3782, as a budget counts it; about $0.1863 by the length of the text (estimated: list prices of 2026-11, every answer as long as it may be, each call once)",
        'Added by fanfold: about 25 tokens to each of 2 asks, its system prompt ("system" replaces it)',
        'Refusals: if claude-sonnet-5-5 declines, the API asks claude-sonnet-5; "at most" has the price of both ("refusals: gap" turns it off)',
        "Nothing was sent.\n"
      ].join("\n")
    )
    const requests = JSON.parse(json.stdout)
    assert.hasAllKeys(requests, ["sun", "moon", "comparison", "synthesis"])
    assert.strictEqual(requests.sun.model, "claude-haiku-5-5")
    assert.deepStrictEqual(requests.sun.messages, [{ role: "user", content: "How far is the sun?" }])
    assert.include(unpriced.stdout, "Cost: not known, as these models have no known price: claude-next\n")
    assert.include(several.stdout, "  sun         claude-haiku-5-5, else claude-opus-5-5  about 41 tokens in")
    assert.include(
      several.stdout,
      "Cost: at most $0.5442, as a budget counts it; about $0.3464 by the length of the text"
    )
    for (const { code, stderr } of [text, json, unpriced, several]) assert.deepStrictEqual([code, stderr], [0, ""])
    assert.strictEqual(claude.journal.attempts, 0)
  })

  it("tells of a tree its levels and calls, and its cost beside one request", async () => {
    const asks = "asks: { a: What?, b: Who?, c: When? }\nsynthesis: { instruction: Fold., fanIn: 2"
    const cwd = folder({ "own.yaml": `${asks} }`, "named.yaml": `${asks}, model: claude-sonnet-5-5 }` })
    const [own, named] = await Promise.all([
      fanfold(["check", "own.yaml"], { cwd }),
      fanfold(["check", "named.yaml"], { cwd })
    ])
    const what = "Tree: the answers are more than 2 (fanIn), and are folded in up to 2 levels with 2 calls (1 → 1)"
    const cost = "the cost of the synthesis has all of them, about"
    const beside = "× the cost of one request with all answers"
    assert.include(own.stdout, `${what}, below the document by claude-haiku-5-5; ${cost} 0.93 ${beside}\n`)
    assert.include(
      named.stdout,
      `${what}, all by claude-sonnet-5-5; ${cost} 1.07 ${beside}, 0.93 × with "foldModel: claude-haiku-5-5"\n`
    )
  })

  it("names the model that looks for what is open in further rounds", async () => {
    const plan = "asks: { a: What?, b: Who? }\nsynthesis: { instruction: Fold., rounds: 2 }"
    const { stdout } = await fanfold(["check", "plan.yaml"], { cwd: folder({ "plan.yaml": plan }) })
    assert.include(stdout, "has one call of claude-sonnet-5-5 that looks for what is open, and up to 3 new asks\n")
  })

  it("has both prices of a batch, and what a shared document saves there", async () => {
    const document = "A sentence of the document that all of them share. ".repeat(1600)
    const asks = Object.fromEntries(
      Array.from({ length: 300 }, (_, n) => [`q${n}`, { question: `${n}?`, maxTokens: 100 }])
    )
    const cwd = folder({ "plan.json": JSON.stringify({ context: document, asks, batch: { deadline: "2h" } }) })
    const [batched, live, first, few] = await Promise.all([
      fanfold(["check", "plan.json"], { cwd }),
      fanfold(["check", "plan.json", "--no-batch"], { cwd }),
      fanfold(["check", "plan.json", "--policy", "first=1"], { cwd }),
      fanfold(["check", "plan.json", "--policy", "atLeast=1"], { cwd })
    ])
    const warning =
      "Batch: first=1 saves nothing there, as results come together: all 300 asks are answered, and paid\n"
    assert.include(first.stdout, warning)
    for (const { stdout } of [batched, live, few]) assert.notInclude(stdout, "saves nothing")
    // Of 20,400 tokens of a document one ask writes 20,400 for an hour, and 299 read as many.
    assert.include(
      batched.stdout,
      "Cache: q0 goes in a batch of its own, 299 asks follow once it has ended (about 20,400 tokens shared for an hour): about $0.3500 saved\n"
    )
    const [atMost, about] = costs(/^Cost: .*$/m.exec(batched.stdout)![0])
    const liveLine = /^Live, without batches: .*$/m.exec(batched.stdout)![0]
    assert.deepStrictEqual(costs(liveLine), costs(/^Cost: .*$/m.exec(live.stdout)![0]))
    // For an hour a cache write costs twice the input price, not 1.25 times.
    assert.isAtMost(atMost!, 0.81 * costs(liveLine)[0]!)
    assert.isBelow(about!, 0.1 * costs(liveLine)[1]!)
    assert.notInclude(live.stdout, "atch")
  })

  it("names what exceeds the configured limit of input tokens, with both numbers", async () => {
    const cwd = folder({ "plan.yaml": `pacing: { limits: { itpm: 3000 } }\n${plan}` })
    const long = plan.replace("How far is the sun?", "word ".repeat(4000))
    const both = folder({ "plan.yaml": `pacing: { limits: { itpm: 3000 } }\n${long}` })
    const [synthesis, ask, wide] = await Promise.all([
      fanfold(["check", "plan.yaml"], { cwd }),
      fanfold(["check", "plan.yaml"], { cwd: both }),
      fanfold(["check", "plan.yaml", "--pacing-limits-itpm", "50000"], { cwd: both })
    ])
    const limit = "more than the limit of 3,000 a minute (pacing.limits.itpm) holds"
    const largeSynthesis = new RegExp(
      `\nToo large: synthesis has up to 8,\\d{3} input tokens, ${escaped(limit)}: it fails if`
    )
    assert.match(synthesis.stdout, largeSynthesis)
    assert.notInclude(synthesis.stdout, "Too large: sun")
    assert.match(
      ask.stdout,
      new RegExp(`\nToo large: sun has about 5,\\d{3} input tokens, ${escaped(limit)}: it would fail`)
    )
    assert.notInclude(wide.stdout, "Too large")
  })

  it("compares with that limit the longest fold of a tree, not all of them", async () => {
    const asks = Array.from({ length: 40 }, (_, n) => `  q${n}: { question: What of ${n}?, maxTokens: 1000 }`).join(
      "\n"
    )
    const tree = `asks:\n${asks}\nsynthesis: { instruction: Sum it up., fanIn: 10, contradictions: off }\n`
    const cwd = folder({ "plan.yaml": tree })
    const [fits, exceeds] = await Promise.all(
      ["20000", "4000"].map((itpm) => fanfold(["check", "plan.yaml", "--pacing-limits-itpm", itpm], { cwd }))
    )
    assert.match(fits!.stdout, /^ {2}synthesis .* up to 5\d,\d{3} tokens in/m)
    assert.notInclude(fits!.stdout, "Too large")
    assert.match(exceeds!.stdout, /^Too large: synthesis has a request of up to 1\d,\d{3} input tokens, more than/m)
  })

  it("reads short times, and tells what contradicts itself in what plan and flags say together", async () => {
    const cwd = folder({ "plan.yaml": `timeout: { attempt: 90s }\n${plan}` })
    const [fine, wrong] = await Promise.all([
      fanfold(["check", "plan.yaml", "--deadline", "5m", "--timeout-stall", "1500ms"], { cwd }),
      fanfold(["check", "plan.yaml", "--deadline", "60s", "--timeout-stall", "2m"], { cwd })
    ])
    assert.deepStrictEqual([fine.code, fine.stderr], [0, ""])
    assert.include(fine.stdout, "concurrency unbounded, deadline 5 minutes\n")
    const both = await fanfold(["check", "plan.yaml", "--deadline", "5m", "--deadline-all", "6m"], { cwd })
    assert.include(both.stdout, "concurrency unbounded, deadline asking 5 minutes, all 6 minutes\n")
    assert.deepStrictEqual(wrong, {
      code: 2,
      stdout: "",
      stderr: [
        "plan.yaml:1:1 timeout.stall: expected at most 90 seconds (attempt), got 2 minutes",
        "plan.yaml:1:1 deadline: expected at least 90 seconds, the shortest timeout (timeout.attempt), got 60 seconds\n"
      ].join("\n")
    })
  })

  it("counts web searches, and takes the prices that the plan states", async () => {
    const prices = "prices: { claude-next: { inputUsd: 0, outputUsd: 100, cacheReadUsd: 0 } }\n"
    const searching = "asks:\n  sun: { question: How far?, webSearch: true, maxTokens: 1000 }\n"
    const own = "  moon: { question: How far?, model: claude-next, maxTokens: 1000 }\n"
    const tools = "  page: { question: How far?, model: claude-next, tools: { webFetch: true, codeExecution: true } }\n"
    const cwd = folder({
      "mixed.yaml": prices + searching + own,
      "own.yaml": `${prices}asks:\n${own}${tools}`,
      "wrong.yaml": "prices:\n  a: { inputUsd: -1, outputUsd: .nan }\n  b: 5\nasks: { a: Why? }\n"
    })
    const [mixed, stated, wrong] = await Promise.all(
      ["mixed", "own", "wrong"].map((name) => fanfold(["check", `${name}.yaml`], { cwd }))
    )
    const [, sun, moon, cost] = mixed!.stdout.split("\n")
    assert.match(sun!, /^ {2}sun .*, up to 1,000 out, up to 5 web searches, at most \$0\.0563$/)
    assert.match(moon!, /^ {2}moon .*, up to 1,000 out, at most \$0\.1000$/)
    const assumed = "every answer as long as it may be, each call once"
    assert.strictEqual(
      cost,
      `Cost: at most $0.1563, as a budget counts it; about $0.1505 by the length of the text, without what 5 web searches bring (estimated: list prices of 2026-11 and prices of the plan, ${assumed})`
    )
    assert.include(stated!.stdout, ", up to 3 web fetches, runs code, at most $0.4096\n")
    assert.include(stated!.stdout, `, without what 3 web fetches bring (estimated: prices of the plan, ${assumed})`)
    assert.deepStrictEqual(wrong, {
      code: 2,
      stdout: "",
      stderr: [
        "wrong.yaml:2:3 prices.a.cacheReadUsd: missing",
        "wrong.yaml:2:8 prices.a.inputUsd: expected a price in USD, 0 or more, got -1",
        "wrong.yaml:2:22 prices.a.outputUsd: expected a price in USD, 0 or more, got NaN",
        "wrong.yaml:3:3 prices.b: expected { inputUsd, outputUsd, cacheReadUsd } in USD per million tokens, got 5\n"
      ].join("\n")
    })
  })

  it("tells all that is wrong with a plan, in the order of the file, and nothing on standard output", async () => {
    const wrong = 'concurrency: 0\npolicy: { first: 3 }\ncontext: { file: none.md }\nasks:\n  a b: x\n  "\\e[31mc": y\n'
    const cwd = folder({ "plan.yaml": wrong })
    const { code, stderr, stdout } = await fanfold(["check", "plan.yaml"], { cwd })
    const rule = "expected a name of 1 to 64 letters, digits, _ or - that begins with a letter or _"
    assert.deepStrictEqual([code, stdout], [2, ""])
    assert.strictEqual(
      stderr,
      [
        "plan.yaml:1:1 concurrency: expected a whole number ≥ 1, got 0",
        "plan.yaml:2:11 policy.first: expected at most 2, as many as there are asks, got 3",
        "plan.yaml:3:12 context.file: none.md: no such file",
        `plan.yaml:5:3 asks.a b: ${rule}`,
        `plan.yaml:6:3 asks.c: ${rule}\n`
      ].join("\n")
    )
  })

  it("says who leads where asks share a context or an answer schema, and why nobody does", async () => {
    const answer = "answer: { type: object, properties: { n: { type: number } }, required: [n] }"
    const asks = `asks:
  attractions: What is there to see?
  food: What is there to eat?
  money: { question: What does it cost?, model: claude-sonnet-5-5 }
  days: { question: How many days?, ${answer} }
  nights: { question: How many nights?, ${answer} }
  search: { question: What is new?, webSearch: true }
`
    const cwd = folder({
      "guide.md": "A line of the guide, four to a page.\n".repeat(200),
      "shared.yaml": `context: { file: guide.md }\n${asks}`,
      "short.yaml": `context: "${"Short. ".repeat(100)}"\n${asks}`,
      "none.yaml": `asks: { a: Why?, b: How?, c: { question: When?, ${answer} } }\n`
    })
    const linesOf = async (file: string) => {
      const { code, stderr, stdout } = await fanfold(["check", file], { cwd })
      assert.deepStrictEqual([code, stderr], [0, ""])
      return stdout.split("\n").filter((line) => /^(Cache|Schema)/.test(line))
    }
    assert.deepStrictEqual(await Promise.all(["shared.yaml", "short.yaml", "none.yaml"].map(linesOf)), [
      [
        "Cache: attractions leads, 1 ask follows once it begins (about 1,850 tokens shared)",
        "Cache: days leads, 1 ask follows once it begins (about 1,850 tokens shared)",
        "Cache: not used by money, search: no other ask has the same model, tools, effort and answer schema"
      ],
      [
        "Schema: days leads, 1 ask follows once it begins (one answer schema, compiled once)",
        "Cache: not used: the context has about 175 tokens, claude-haiku-5-5 caches from 512",
        "Cache: not used: the context has about 175 tokens, claude-sonnet-5-5 caches from 512"
      ],
      []
    ])
  })

  it("says why a plan cannot be read", async () => {
    const cwd = folder({ "folder/plan.yaml": plan })
    const ended = await Promise.all(
      ["none.yaml", "folder", "folder/plan.yaml/deeper"].map((file) => fanfold(["check", file], { cwd }))
    )
    assert.deepStrictEqual(ended, [
      { code: 2, stdout: "", stderr: "none.yaml: no such file\n" },
      { code: 2, stdout: "", stderr: "folder: is no file\n" },
      { code: 2, stdout: "", stderr: "folder/plan.yaml/deeper: is no file\n" }
    ])
  })

  it("reads no pipe that nothing writes to, and no device, for a plan, a document or variables", async () => {
    const cwd = folder({ "plan.yaml": plan, "asks.yaml": "asks: { a: Hi? }\ncontext: { file: a.pipe }\n" })
    execFileSync("mkfifo", [join(cwd, "a.pipe")])
    const what = "is a pipe or a device: save what it gives as a file"
    const ended = await Promise.all([
      fanfold(["check", "a.pipe"], { cwd }),
      fanfold(["check", "/dev/zero"], { cwd }),
      fanfold(["check", "asks.yaml"], { cwd }),
      fanfold(["check", "plan.yaml", "--vars", "a.pipe"], { cwd })
    ])
    assert.deepStrictEqual(ended, [
      { code: 2, stdout: "", stderr: `a.pipe: ${what}, or write - for standard input\n` },
      { code: 2, stdout: "", stderr: `/dev/zero: ${what}, or write - for standard input\n` },
      { code: 2, stdout: "", stderr: `asks.yaml:2:12 context.file: a.pipe: ${what}\n` },
      { code: 2, stdout: "", stderr: `--vars a.pipe: ${what}, or write - for standard input\n` }
    ])
  })
})

/** A finished run of many asks, edited in one way each and run again with `--reuse`: which requests are sent again. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Entry } from "fanfold/mocks"
import { type Command, start } from "./CommandLine.ts"
import { serve, type StandaloneMock } from "./StandaloneMock.ts"

const asks = 300

type Asks = ReadonlyArray<readonly [name: string, ask: string | Readonly<Record<string, string>>]>

interface Plan {
  readonly asks: Asks
  /** Keys of the plan beside its asks. */
  readonly keys: Readonly<Record<string, unknown>>
}

const finished: Plan = {
  asks: Array.from({ length: asks }, (_, n) => [`ask${n + 1}`, `Question ${n + 1}: what is it?`]),
  keys: { concurrency: 50 }
}

interface Edit {
  readonly name: string
  readonly edit: (plan: Plan) => Plan
  /** Asks that must be sent again; and whether the fold, whose request has the names and answers. */
  readonly again: number
  readonly folds: number
}

const ofAsks = (edit: (asks: Asks) => Asks) => (plan: Plan) => ({ ...plan, asks: edit(plan.asks) })
const ofKeys = (keys: Plan["keys"]) => (plan: Plan) => ({ ...plan, keys: { ...plan.keys, ...keys } })

export const edits: ReadonlyArray<Edit> = [
  { name: "nothing", edit: (plan) => plan, again: 0, folds: 0 },
  {
    name: "edit one question",
    edit: ofAsks((all) => all.with(149, ["ask150", "Question 150: what was it?"])),
    again: 1,
    folds: 1
  },
  { name: "delete one", edit: ofAsks((all) => all.toSpliced(149, 1)), again: 0, folds: 1 },
  { name: "insert one in front", edit: ofAsks((all) => [["new", "A new question?"], ...all]), again: 1, folds: 1 },
  {
    name: "swap two",
    edit: ofAsks((all) => all.with(10, all[200]!).with(200, all[10]!)),
    again: 0,
    folds: 1
  },
  {
    name: "rename ten",
    edit: ofAsks((all) => all.map(([name, ask], n) => [n < 10 ? `renamed${n}` : name, ask])),
    again: 0,
    folds: 1
  },
  {
    name: "other model for one",
    edit: ofAsks((all) =>
      all.with(149, ["ask150", { question: "Question 150: what is it?", model: "claude-opus-5-5" }])
    ),
    again: 1,
    folds: 0
  },
  { name: "other hedge", edit: ofKeys({ hedge: { after: "p95" } }), again: 0, folds: 0 },
  { name: "other timeout", edit: ofKeys({ timeout: { stall: "61s" } }), again: 0, folds: 0 },
  { name: "other pacing", edit: ofKeys({ pacing: { inFlight: 10 } }), again: 0, folds: 0 },
  { name: "a budget", edit: ofKeys({ budget: 50 }), again: 0, folds: 0 },
  { name: "other concurrency", edit: ofKeys({ concurrency: 3 }), again: 0, folds: 0 }
]

const scenario = {
  latency: 5,
  replies: [
    { when: { part: "ask" }, reply: "It is known." },
    { when: { part: "synthesis" }, reply: "All is known." }
  ]
}

export interface Sent {
  readonly edit: Edit
  readonly asks: number
  readonly folds: number
}

/** The default model of a synthesis, which no ask of these plans has. */
const isFold = ({ model }: Entry): boolean => model === "claude-sonnet-5-5"

const run = async (
  command: Command,
  folder: string,
  mock: StandaloneMock,
  plan: Plan
): Promise<ReadonlyArray<Entry>> => {
  const written = {
    ...plan.keys,
    asks: Object.fromEntries(plan.asks),
    synthesis: { instruction: "Fold them.", contradictions: "off" }
  }
  writeFileSync(join(folder, "plan.json"), JSON.stringify(written))
  await mock.reset()
  const { code, stderr } = await start(command, ["run", "plan.json", "--reuse", "--json"], folder, mock.url).ended
  if (code !== 0) throw new Error(`a run ended with ${code}: ${stderr}`)
  return mock.entries()
}

export const play = async (command: Command, onStep: (name: string) => void): Promise<ReadonlyArray<Sent>> => {
  const base = mkdtempSync(join(tmpdir(), "fanfold-edits-"))
  try {
    const first = join(base, "finished")
    mkdirSync(first)
    writeFileSync(join(base, "scenario.json"), JSON.stringify(scenario))
    await using mock = await serve(command, base, "scenario.json")
    const bought = await run(command, first, mock, finished)
    if (bought.length !== asks + 1) throw new Error(`the first run sent ${bought.length} requests`)
    const rows: Array<Sent> = []
    for (const edit of edits) {
      onStep(edit.name)
      const folder = join(base, edit.name)
      cpSync(first, folder, { recursive: true })
      const sent = await run(command, folder, mock, edit.edit(finished))
      const folds = sent.filter(isFold).length
      rows.push({ edit, asks: sent.length - folds, folds })
    }
    return rows
  } finally {
    rmSync(base, { recursive: true, force: true })
  }
}

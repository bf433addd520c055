/** The tables of keys in the pages: generated from the schemas that check plans, options and scenarios. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { Option, Schema } from "effect"
import { Ask, Message, Price, Stack } from "fanfold"
import { fault, Scenario } from "fanfold/mocks"
import * as ModelInfo from "../../src/claude/ModelInfo.ts"
import * as Flags from "../../src/cli/Flags.ts"
import { bench } from "../../src/cli/bench.ts"
import { Plan } from "../../src/plan/Plan.ts"
import { root } from "../cli/Process.ts"
import { meanings, values } from "./Meanings.ts"

/** The parts of an Effect schema that are read here. */
interface Node {
  readonly ast: { readonly _tag: string; readonly context?: { readonly isOptional: boolean } | undefined }
  readonly schema?: Node
  readonly fields?: Fields
  readonly members?: ReadonlyArray<Node>
  readonly value?: Node
  readonly literals?: ReadonlyArray<string>
  readonly literal?: string
}
type Fields = Readonly<Record<string, Node>>

/** One row: the key's full path, what it takes, what it sets, and the default that the description names. */
interface Row {
  readonly key: string
  readonly value: string
  readonly meaning: string
  readonly default: string
}

const annotationsOf = (node: Node) =>
  (Schema.resolveAnnotations(node as never) ?? {}) as { readonly description?: string; readonly expected?: string }

const given = (node: Node): Node => node.schema ?? node
const fieldsOf = (node: Node): Fields | undefined =>
  node.fields ?? node.members?.find(({ fields }) => fields !== undefined)?.fields

/** `Schema.Array(Schema.Struct(…))` is documented by the fields of its items. */
const itemFieldsOf = (node: Node): Fields | undefined =>
  node.ast._tag === "Arrays" && node.value !== undefined ? fieldsOf(node.value) : undefined

const code = (text: string): string => `\`${text}\``

const byTag: Readonly<Record<string, string>> = {
  String: "text",
  Number: "a number",
  Boolean: "true or false",
  Objects: "a mapping",
  Arrays: "a list"
}

const valueOf = (path: string, node: Node): string => {
  const { expected } = annotationsOf(node)
  if (values[path] !== undefined) return values[path]
  if (node.literals !== undefined) return node.literals.map(code).join(", ")
  // Of a transformation, the annotation is that of its result.
  if (expected === "Duration") return "a time"
  return expected ?? byTag[node.ast._tag] ?? node.ast._tag
}

/** `(default 10)` and `(default: no limit)` at the end of a description are a column of their own. */
const parted = (description: string): Pick<Row, "meaning" | "default"> => {
  const [, meaning = description, stated = ""] = /^(.*) \(default:? (.*)\)$/.exec(description) ?? []
  return { meaning, default: stated }
}

/** Paths whose words come from `Meanings.ts`, as the schema has none: a test finds those that are no longer needed. */
export const supplied = new Set<string>()

const rowOf = (path: string, key: string, node: Node): Row => {
  const { description } = annotationsOf(given(node))
  if (description === undefined) supplied.add(path)
  const value = valueOf(path, given(node))
  const words = description ?? meanings[path]
  if (words === undefined) throw new Error(`${path}: neither the schema nor test/docs/Meanings.ts describes it`)
  const isRequired = node.ast.context?.isOptional !== true
  const row = { key, value, ...parted(words) }
  return isRequired && row.default === "" ? { ...row, default: "required" } : row
}

/** A row for each field; a group of options gives a row for each of its own. `room` is where its meanings are found. */
const rowsOf = (room: string, fields: Fields, prefix = ""): ReadonlyArray<Row> =>
  Object.entries(fields).flatMap(([name, node]) => {
    const path = `${room}.${prefix}${name}`
    const inner = fieldsOf(given(node))
    const items = itemFieldsOf(given(node))
    if (inner !== undefined && !flat.has(path)) return rowsOf(room, inner, `${prefix}${name}.`)
    const own = rowOf(path, `${prefix}${name}`, node)
    return items === undefined ? [own] : [own].concat(rowsOf(room, items, `${prefix}${name}[].`))
  })

/** Keys that take more than one form, and are explained in their page's own words. */
const flat = new Set([
  "plan.context",
  "ask.files",
  "plan.policy",
  "plan.asks",
  "plan.synthesis",
  "ask.votes",
  "scenario.latency",
  "scenario.replies[].reply",
  "scenario.faults[].fault"
])

const escaped = (cell: string): string => cell.replaceAll("|", "\\|")

const table = (titles: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [titles, titles.map(() => "---"), ...rows].map((cells) => `| ${cells.map(escaped).join(" | ")} |`).join("\n")

const keyTable = (rows: ReadonlyArray<Row>): string =>
  table(
    ["key", "value", "what it sets", "default"],
    rows.map((row) => [code(row.key), row.value, row.meaning, row.default])
  )

/** A flag of `effect/cli` wraps others around the one that has the name. */
interface Flag {
  readonly name?: string
  readonly param?: Flag
  readonly typeName?: string
  readonly description?: Option.Option<string>
  readonly aliases?: ReadonlyArray<string>
}
const single = (flag: Flag): Flag => (flag.param === undefined ? flag : single(flag.param))

/** The flag that stands for `retry.maxWait`; none for keys that only a plan holds. */
const flagOf = (key: string): string => {
  const found = key
    .split(".")
    .reduce<unknown>((flags, name) => (flags as Record<string, unknown>)?.[name], Flags.layers)
  return found === undefined ? "" : code(`--${single(found as Flag).name}`)
}

const layerTable = (names: ReadonlyArray<string>): string => {
  const fields = Object.fromEntries(names.map((name) => [name, (Stack.Options.fields as unknown as Fields)[name]!]))
  return table(
    ["key", "flag", "value", "what it sets", "default"],
    rowsOf("plan", fields).map((row) => [code(row.key), flagOf(row.key), row.value, row.meaning, row.default])
  )
}

const layerNames = Object.keys(Stack.Options.fields)
const costNames = ["budget", "prices"]
const planFields = Plan.fields as unknown as Fields

const faultRows = () =>
  (fault.Fault as unknown as Node).members!.map(({ fields = {} }) => {
    const { kind, ...rest } = fields
    const name = kind!.literal!
    const keys = Object.entries(rest).map(([key, node]) =>
      node.ast.context?.isOptional === true ? `${code(key)} (optional)` : code(key)
    )
    const meaning = meanings[`fault.${name}`]
    if (meaning === undefined) throw new Error(`fault.${name}: test/docs/Meanings.ts does not describe it`)
    supplied.add(`fault.${name}`)
    return [code(name), keys.join(", "), meaning]
  })

const flagTable = (flags: ReadonlyArray<Flag>): string =>
  table(
    ["flag", "value", "what it sets"],
    flags.map(single).map(({ aliases = [], description, name, typeName }) => {
      const names = [`--${name}`, ...aliases.map((alias) => `-${alias}`)]
      const words = description === undefined ? "" : Option.getOrElse(description, () => "")
      return [names.map(code).join(", "), typeName === undefined ? "" : code(typeName), words]
    })
  )

const benchFlags = (bench as unknown as { readonly config: { readonly flags: ReadonlyArray<Flag> } }).config.flags
/** Flags of one group, such as those of `deadline`, are in a record of their own. */
const runFlags = Object.values({ ...Flags.asking, ...Flags.running }).flatMap((flag): ReadonlyArray<unknown> =>
  "kind" in flag ? [flag] : Object.values(flag)
) as ReadonlyArray<Flag>

/** The questions of `npm run bench`, as its source lists them. */
const questions = (): ReadonlyArray<ReadonlyArray<string>> => {
  const [, listed = ""] =
    /const questions[^=]*= \{([^}]*)\}/.exec(readFileSync(join(root, "bench/main.ts"), "utf8")) ?? []
  return [...listed.matchAll(/^ *"?([\w-]+)"?: "(.*)",?$/gm)].map(([, name = "", question = ""]) => [
    code(name),
    question
  ])
}

const million = 1_000_000
const factorOf = (usage: Partial<Message.Usage>): number =>
  Price.usdOf("claude-sonnet-5-5", { ...Message.noUsage, ...usage })! /
  Price.usdOf("claude-sonnet-5-5", { ...Message.noUsage, inputTokens: million })!

/** How many times the input price a cache write costs, that is kept for 5 minutes and for an hour. */
const writeFactors = [
  factorOf({ cacheCreationInputTokens: million }),
  factorOf({ cacheCreationInputTokens: million, cacheCreation1hInputTokens: million })
]

/** Prices in US dollars per million tokens, and limits, of every model. */
const modelRows = (): ReadonlyArray<ReadonlyArray<string>> =>
  [...ModelInfo.all].flatMap(([name, info]) => {
    const rowOf = (label: string, { cacheReadUsd, inputUsd, outputUsd }: Price.Price) => [
      label,
      ...[inputUsd, outputUsd, cacheReadUsd, ...writeFactors.map((factor) => factor * inputUsd)].map((usd) =>
        String(Number(usd.toFixed(4)))
      ),
      ...[info.windowTokens, info.maxOutputTokens, info.minimumCacheTokens].map((tokens) =>
        tokens.toLocaleString("en-US")
      ),
      (info.fallbacks ?? []).map(code).join(" or ")
    ]
    const { longPrompt, price } = info
    return longPrompt === undefined
      ? [rowOf(code(name), price)]
      : [
          rowOf(code(name), price),
          rowOf(`${code(name)}, prompts above ${longPrompt.above.toLocaleString("en-US")} tokens`, longPrompt)
        ]
  })

const modelTitles = [
  "model",
  "input",
  "output",
  "cache read",
  "cache write, 5 minutes",
  "1 hour",
  "context window",
  "most output",
  "cached from",
  "after a refusal"
]

/** Every table by its name in the pages: `<!-- keys:NAME -->` begins it, `<!-- /keys -->` ends it. */
export const tables: Readonly<Record<string, () => string>> = {
  plan: () =>
    keyTable(
      rowsOf("plan", Object.fromEntries(Object.entries(planFields).filter(([name]) => !layerNames.includes(name))))
    ),
  ask: () => keyTable(rowsOf("ask", Ask.AskSettings.fields)),
  layers: () => layerTable(layerNames.filter((name) => !costNames.includes(name))),
  cost: () => layerTable(costNames),
  models: () => table(modelTitles, modelRows()),
  price: () => keyTable(rowsOf("price", Price.Price.fields)),
  run: () => flagTable(runFlags),
  scenario: () => keyTable(rowsOf("scenario", Scenario.fields)),
  fault: () => table(["kind", "further keys", "what happens"], faultRows()),
  bench: () => flagTable(benchFlags),
  questions: () => table(["name", "question"], questions())
}

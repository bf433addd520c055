/** The house rules that a compiler does not know: imports go down only, and what no file may hold. */
import { existsSync, globSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve, sep } from "node:path"
import { assert, describe, it } from "@effect/vitest"

const root = resolve(import.meta.dirname, "..")

/** What the governor counts with. */

const counting = [
  "Allowance",
  "Bucket",
  "CoolDown",
  "Estimate",
  "Fifo",
  "Gauge",
  "Memory*",
  "ModelClass",
  "Prefix",
  "RateLimit",
  "Trial"
]

/** What a budget counts with. */
const budgeting = ["Purse", "WorstCase"]

/** What carries a request to its server. */
const carrying = ["Dial", "Exchange", "Http1", "Http2", "Origin", "Transport"]

/** The floors of `src`, from the ground up; a name that ends in `*` stands for all that begin so. */
const floors: ReadonlyArray<ReadonlyArray<string>> = [
  [
    "Message",
    "ApiReason",
    "Reason",
    "AskError",
    "Call",
    "Event",
    "Policy",
    "Limit",
    "Issue",
    "Models",
    "Price",
    "Wire",
    "SdkError",
    "Secret",
    "BaseUrl",
    "Alarm",
    "Watchdog",
    "Stragglers",
    "Lookout",
    ...counting,
    ...budgeting,
    ...carrying
  ],
  ["Claude", "Sdk", "RunState", "Spent", "Lane", "Gate", "Race", "Convoy", "Convoys", "Deadline"],
  ["Ask", "layers/*"],
  ["Findings", "Research", "Course"],
  ["Synthesis"],
  ["Affordable", "Pipeline", "Forecast", "Plan*", "Report", "promise"],
  ["cli/*"],
  ["main", "bin"]
]

/** On these floors rooms may know each other, as long as none knows itself in the end. */
const sociable = new Set([0, 1, 3, 5, 6, 7])

/** Rooms without a public name, which their tests and no one else may enter by path. */
const private_ = [
  "ApiReason",
  "Reason",
  "Wire",
  "SdkError",
  "Secret",
  "BaseUrl",
  "Alarm",
  "Watchdog",
  "Stragglers",
  "Lookout",
  "Race",
  "Transport",
  "Issue",
  "Limit",
  "Models",
  "Sdk",
  "RunState",
  "Course",
  "Affordable",
  "Spent",
  "Pipeline",
  "Forecast",
  "Plan*",
  "Report",
  "cli/*",
  "main"
].concat(counting, budgeting, ["Lane", "Gate", "Deadline", "Convoy", "Convoys"])

const matches = (pattern: string, room: string): boolean =>
  pattern.endsWith("*") ? room.startsWith(pattern.slice(0, -1)) : room === pattern

const floorOf = (room: string): number => floors.findIndex((rooms) => rooms.some((pattern) => matches(pattern, room)))

const filesIn = (folder: string): ReadonlyArray<string> =>
  existsSync(join(root, folder))
    ? globSync("**/*.ts", { cwd: join(root, folder) }).map((file) => `${folder}/${file.split(sep).join("/")}`)
    : []

const read = (file: string): string => readFileSync(join(root, file), "utf8")

/** The code without its comments; what stands in quotes is kept, so that `"https://…"` is no comment. */
const codeOf = (text: string): string =>
  text.replace(
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\[^]|[^`\\])*`)|\/\/[^\n]*|\/\*[^]*?\*\//g,
    (_, quoted: string | undefined) => quoted ?? " "
  )

interface Import {
  readonly from: string
  readonly isDynamic: boolean
  readonly isType: boolean
}

const statement = /^\s*(?:import|export)\s+(type\s)?(?:[\w\s*{},$]+?\sfrom\s*)?["']([^"']+)["']/gm
const call = /\bimport\s*\(\s*(?:(["'`])([^"'`$]+)\1|([^)]*))/g

const importsOf = (text: string): ReadonlyArray<Import> => {
  const code = codeOf(text)
  const fixed = [...code.matchAll(statement)].map(([, type, from]) => ({
    from: from!,
    isDynamic: false,
    isType: type !== undefined
  }))
  const late = [...code.matchAll(call)].map(([, , from, computed]) => ({
    from: from ?? `a computed name: ${computed}`,
    isDynamic: true,
    isType: false
  }))
  return [...fixed, ...late]
}

/** The room of `src` that a relative import leads to, such as `layers/Retry`; `undefined` where it leads elsewhere. */
const roomOf = (file: string, from: string): string | undefined => {
  const target = relative(root, join(root, dirname(file), from))
    .split(sep)
    .join("/")
  return from.startsWith(".") && target.startsWith("src/") ? target.slice(4).replace(/\.ts$/, "") : undefined
}

const source = filesIn("src").filter((file) => file !== "src/index.ts")
const outside = ["mocks", "bench", "test", "examples"].flatMap(filesIn)
const roomAt = (file: string): string => file.slice(4).replace(/\.ts$/, "")

/** Every complaint about every import of these files, each naming file and import. */
const complaints = (files: ReadonlyArray<string>, judge: (file: string, one: Import) => string | undefined) =>
  files.flatMap((file) =>
    importsOf(read(file)).flatMap((one) => {
      const complaint = judge(file, one)
      return complaint === undefined ? [] : [`${file} imports ${one.from}: ${complaint}`]
    })
  )

const upOrAside = (file: string, { from, isDynamic }: Import) => {
  if (from.startsWith("a computed name")) return "what is imported must be seen"
  if (/^fanfold(\/(?!mocks)|$)/.test(from)) return "within src rooms are entered by path"
  const [room, target] = [roomAt(file), roomOf(file, from)]
  if (file === "src/main.ts" && isDynamic && from.startsWith("../bench/")) return undefined
  if (target === undefined) return from.startsWith(".") && !from.endsWith("package.json") ? "it leaves src" : undefined
  const [floor, targetFloor] = [floorOf(room), floorOf(target)]
  if (room === "Claude" && target === "Sdk" && !isDynamic) return "the SDK is loaded when it is needed"
  if (room === "layers/Stack" && target.startsWith("layers/")) return undefined
  if (targetFloor > floor) return `floor ${floor} must not know floor ${targetFloor}`
  if (targetFloor < floor || sociable.has(floor)) return targetFloor < 0 ? "it has no floor" : undefined
  return room.startsWith("layers/") ? "layers never import each other" : `floor ${floor} must not know itself`
}

const reachesMocks = (file: string, { from, isDynamic }: Import) =>
  /(^|\/)mocks(\/|$)/.test(from) && !(file === "src/main.ts" && isDynamic) ? "src does not know the mocks" : undefined

describe("imports within src", () => {
  it("are found, whatever they look like", () => {
    const text = [
      `import { a } from "./A.ts"`,
      `import type { b } from './B.ts' // import { z } from "./Z1.ts"`,
      `import {\n  c,\n  type d\n} from "./C.ts"`,
      `import "./D.ts"`,
      `export * as E from "./E.ts"`,
      `export { f } from "./F.ts"`,
      `/* import { z } from "./Z2.ts" */ const url = "https://example.org"; const late = import("./G.ts")`,
      `const from = "./Z3.ts"`,
      `const computed = import(name)`
    ].join("\n")
    const found = importsOf(text).map(({ from }) => from)
    const files = ["A", "B", "C", "D", "E", "F", "G"].map((name) => `./${name}.ts`)
    assert.deepStrictEqual(found, [...files, "a computed name: name"])
  })

  it("start from a floor that is written down", () => {
    assert.deepStrictEqual(
      source.filter((file) => floorOf(roomAt(file)) < 0),
      [],
      "a new room needs a floor in this test"
    )
    assert.isAbove(source.length, 20)
  })

  it("go down only", () => {
    assert.deepStrictEqual(complaints(source, upOrAside), [])
  })

  it("never run in a circle", () => {
    const next = new Map(
      source.map((file) => [
        roomAt(file),
        importsOf(read(file)).flatMap(({ from, isDynamic, isType }) =>
          isDynamic || isType ? [] : (roomOf(file, from) ?? [])
        )
      ])
    )
    const circles: Array<string> = []
    const walk = (room: string, path: ReadonlyArray<string>): void => {
      if (path.includes(room)) return void circles.push([...path.slice(path.indexOf(room)), room].join(" → "))
      for (const each of next.get(room) ?? []) walk(each, [...path, room])
    }
    for (const room of next.keys()) walk(room, [])
    assert.deepStrictEqual(circles, [])
  })

  it("never reach the mocks, but for main.ts, and there late", () => {
    assert.deepStrictEqual(complaints([...source, "src/index.ts"], reachesMocks), [])
  })

  it("of the barrel only hand namespaces on", () => {
    const lines = codeOf(read("src/index.ts"))
      .split("\n")
      .filter((line) => line.trim() !== "")
    const namespace = /^export \* as (\w+) from "\.\/(?:layers\/)?\1\.ts"$/
    assert.deepStrictEqual(
      lines.filter((line) => !namespace.test(line)),
      []
    )
  })
})

const byPath = (file: string, { from }: Import) => {
  const target = roomOf(file, from)
  if (target === undefined) return undefined
  return file.startsWith("test/") && private_.some((pattern) => matches(pattern, target))
    ? undefined
    : 'import it as a user does, from "fanfold"'
}

describe("imports from outside of src", () => {
  it("use fanfold's name, but for the tests of rooms that have none", () => {
    assert.deepStrictEqual(complaints(outside, byPath), [])
  })
})

describe("no file", () => {
  const forbidden = [
    /\basync\b/,
    /\btry\s*\{/,
    /\bDate\.now\b/,
    /\bMath\.random\b/,
    /(?<!\.)\bsetTimeout\b/,
    /\bsetInterval\b/
  ]

  it("of floors 0 to 5 goes around Effect", () => {
    const found = source
      .filter((file) => floorOf(roomAt(file)) <= 5)
      .flatMap((file) => {
        const code = codeOf(read(file)).replace(/"(?:\\.|[^"\\\n])*"/g, '""')
        return forbidden.filter((each) => each.test(code)).map((each) => `${file} holds ${each.source}`)
      })
    assert.deepStrictEqual(found, [])
  })

  it("is longer than 300 lines", () => {
    const files = [...filesIn("src"), ...["mocks", "bench", "examples"].flatMap(filesIn)]
    const long = files.map((file) => [file, read(file).trimEnd().split("\n").length] as const)
    assert.deepStrictEqual(
      long.filter(([, lines]) => lines > 300),
      []
    )
  })

  it("is named after nothing", () => {
    const vague = /(^|\/)(utils?|helpers?|common|types)(\.|\/)/i
    const files = [...filesIn("src"), ...outside]
    assert.deepStrictEqual(
      files.filter((file) => vague.test(file) && file !== "test/types.test.ts"),
      []
    )
  })
})

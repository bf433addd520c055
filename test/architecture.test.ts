/** The rules of the tree that a compiler does not know; each complaint names the import or file, and how to mend it. */
import { assert, describe, it } from "@effect/vitest"
import { floors, filesIn, targetOf, floorOf, wrongIn, circlesIn, complaintsIn } from "./Floors.ts"
import { codeOf, importsOf, type Import } from "./Imports.ts"

/** The script of a run's page: whoever opens it loads it, without Effect, which is larger than all of it. */
const isOfBrowser = (file: string): boolean => file.startsWith("src/report/page/browser/")

const source = filesIn("src")

describe("the reader of imports", () => {
  it("finds them all, whatever they look like", () => {
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

  it.each([
    ["src/claude/Price.ts", "../layers/Retry.ts", "floor 2 (claude) may not import floor 5 (layers)"],
    ["src/plan/Plan.ts", "../report/Report.ts", "floor 6 (plan) may not import floor 6 (report)"],
    ["src/layers/Warm.ts", "./Retry.ts", "layers never import each other"],
    ["src/layers/Warm.ts", "./pacing/TokenBucket.ts", "is private to src/layers/pacing/ and src/layers/Pacing.ts"],
    ["src/layers/warm/WarmupGroup.ts", "../Retry.ts", "layers never import each other"],
    ["src/plan/Plan.ts", "../claude/sdk/Sdk.ts", "src/claude/sdk is private to"],
    ["src/cli/run.ts", "../../mocks/index.ts", "only main.ts may load them"],
    ["src/main.ts", "../mocks/index.ts", "only main.ts may load them"],
    ["src/cli/run.ts", "../../test/FakeClaude.ts", "it leaves src"],
    ["src/cli/run.ts", "fanfold", "import the file itself"]
  ])("complains of %s → %s", (file, from, complaint) => {
    assert.include(wrongIn(file, { from, isDynamic: false, isType: false }), complaint)
  })

  it("complains of a circle, also of types", () => {
    const modules = [
      { file: "src/a/A.ts", text: `import type { B } from "./B.ts"` },
      { file: "src/a/B.ts", text: `import { C } from "../c/C.ts"` },
      { file: "src/c/C.ts", text: `import type { A } from "../a/A.ts"` }
    ]
    const [circle, ...others] = circlesIn(modules)
    assert.include(circle, "src/a/A.ts → src/a/B.ts → src/c/C.ts → src/a/A.ts")
    assert.deepStrictEqual(others, [])
  })
})

describe("src", () => {
  it("has a floor for each folder", () => {
    const unknown = source.filter(({ file }) => floorOf(file) === 0).map(({ file }) => file)
    assert.deepStrictEqual(unknown, [], "give the folder a floor in this test")
    assert.isAbove(source.length, 50)
  })

  it("imports downwards, and nothing that is private to another", () => {
    assert.deepStrictEqual(complaintsIn(source, wrongIn), [])
  })

  it("loads the SDK and the transport when the first Claude is made, not before", () => {
    const early = complaintsIn(source, (file, { from, isDynamic }) =>
      /sdk\/(Sdk|MessagesClient)\.ts$|transport\/Transport\.ts$|^@anthropic-ai\/sdk(\/client)?$/.test(from) &&
      !isDynamic &&
      !inSdk.test(file)
        ? "import it dynamically, where it is used"
        : undefined
    )
    assert.deepStrictEqual(early, [])
  })
  const inSdk = /^src\/(claude\/sdk|transport)\//

  it("loads what speaks to PostgreSQL, and the queue, only where an address of one is given", () => {
    const values = source.map(({ file, text }) => ({ file, text: text.replace(/^(?:import|export) type .*$/gm, "") }))
    const early = complaintsIn(values, (file, { from, isDynamic }) =>
      /^@effect\/sql-pg|^effect\/(sql|persistence)(\/(?!UserDirectories)|$)|(^|\/)(postgres|queue)\/\w+\.ts$/.test(
        from
      ) &&
      !isDynamic &&
      !inPostgres.test(file)
        ? "import it dynamically, where a journal has such an address"
        : undefined
    )
    assert.deepStrictEqual(early, [])
  })
  const inPostgres = /^src\/(journal\/postgres|layers\/queue)\//

  it("loads what exports telemetry only where something is to be sent", () => {
    const values = source.map(({ file, text }) => ({ file, text: text.replace(/^(?:import|export) type .*$/gm, "") }))
    const early = complaintsIn(values, (file, { from, isDynamic }) =>
      /^effect\/(observability|http)(\/|$)|telemetry\/(?!Telemetry\.ts)\w+\.ts$/.test(from) &&
      !isDynamic &&
      !/^src\/telemetry\/(?!Telemetry\.ts)/.test(file)
        ? "import it dynamically, where something is to be sent"
        : undefined
    )
    assert.deepStrictEqual(early, [])
  })

  it("loads them ahead of that from its entry points, and from nowhere else", () => {
    const preloading = source.flatMap(({ file, text }) =>
      importsOf(text).some(({ from }) => from.endsWith("claude/Preload.ts")) ? [file] : []
    )
    assert.deepStrictEqual(preloading.toSorted(), ["src/index.ts", "src/promise.ts"])
  })

  it("loads of packages only Effect when the command line starts", () => {
    const files = new Map(source.map(({ file, text }) => [file, text]))
    const reached = new Set(["src/main.ts"])
    const packages = new Set<string>()
    for (const file of reached) {
      for (const { from, isDynamic, isType } of importsOf(files.get(file)!)) {
        if (isDynamic || isType) continue
        const target = targetOf(file, from)
        if (target === undefined) packages.add(from)
        else if (files.has(target)) reached.add(target)
      }
    }
    const others = [...packages].filter((name) => !/^(effect|@effect\/platform-node)(\/|$)|^node:/.test(name))
    assert.deepStrictEqual(others, [], "import it dynamically, where it is used")
    assert.isAbove(reached.size, 50)
  })

  it("keeps Effect, Node and the rest of src out of the page's script", () => {
    const values = source
      .filter(({ file }) => isOfBrowser(file))
      .map(({ file, text }) => ({ file, text: text.replace(/^(?:import|export) type .*$/gm, "") }))
    const wrong = complaintsIn(values, (file, { from }) => {
      const target = targetOf(file, from)
      const isOther =
        target === undefined ? /^(effect|@effect|node:)/.test(from) : !inPage.has(target) && !isOfBrowser(target)
      return isOther ? "import what has no Effect in it, or move that to a file of its own" : undefined
    })
    assert.deepStrictEqual(wrong, [])
    const inner = source.filter(({ file }) => inPage.has(file))
    const heavy = inner.flatMap(({ file, text }) =>
      importsOf(text).flatMap(({ from, isType }) =>
        isType || inPage.has(targetOf(file, from) ?? "") ? [] : [`${file} → ${from}`]
      )
    )
    assert.deepStrictEqual(heavy, [])
  })
  const inPage: ReadonlySet<string> = new Set([
    ...[
      "Advice",
      "AloneTime",
      "FiveAnswers",
      "HeldText",
      "InterventionText",
      "LostFolds",
      "Offers",
      "Phases",
      "PlainText",
      "page/Base85"
    ].map((name) => `src/report/${name}.ts`),
    ...["DurationText", "NumberText", "UsdText"].map((name) => `src/options/${name}.ts`),
    "src/pipeline/Mark.ts"
  ])

  it("hands on namespaces in its barrel, and nothing else than loading ahead", () => {
    const lines = codeOf(source.find(({ file }) => file === "src/index.ts")!.text)
      .split("\n")
      .filter((line) => line.trim() !== "")
    const namespace = /^export \* as (\w+) from "\.\/\w+\/\1\.ts"$/
    assert.deepStrictEqual(
      lines.filter((line) => !namespace.test(line)),
      ['import "./claude/Preload.ts"']
    )
  })

  it("goes through Effect for time, chance and promises", () => {
    const forbidden = [
      /\basync\b/,
      /\btry\s*\{/,
      /\bDate\.now\b/,
      /\bMath\.random\b/,
      /(?<!\.)\bsetTimeout\b/,
      /\bsetInterval\b/
    ]
    const found = source
      .filter(({ file }) => floorOf(file) < floors["cli"]! && !isOfBrowser(file))
      .flatMap(({ file, text }) => {
        const code = codeOf(text).replace(/"(?:\\.|[^"\\\n])*"/g, '""')
        return forbidden.filter((each) => each.test(code)).map((each) => `${file} holds ${each.source}`)
      })
    assert.deepStrictEqual(found, [])
  })
})

/** The files beside the folders stand each for itself; a folder within a folder belongs to it. */
const folderIn = (file: string): string => file.split("/").slice(0, 2).join("/")

describe("src, mocks and bench", () => {
  it.each(["src", "mocks", "bench"])("%s has no circle of imports, also of types", (folder) => {
    assert.deepStrictEqual(circlesIn(filesIn(folder)), [])
  })

  it.each(["src", "mocks", "bench"])("%s has no circle of folders", (folder) => {
    assert.deepStrictEqual(circlesIn(filesIn(folder), folderIn), [])
  })
})

/** Rooms with a public name are imported by it; tests may enter the others by their path. */
describe("mocks, bench, tests and examples", () => {
  const barrel = source.find(({ file }) => file === "src/index.ts")!.text
  const named = new Set([...barrel.matchAll(/"\.\/([^"]+)"/g)].map(([, path]) => `src/${path}`))
  named.add("src/promise.ts")

  const byPath = (file: string, { from }: Import) => {
    const target = targetOf(file, from)
    if (target === undefined || !target.startsWith("src/")) return undefined
    const isAllowed = file.startsWith("test/") && !named.has(target)
    return isAllowed ? undefined : 'import it as a user does, from "fanfold"'
  }

  it("import fanfold by its name", () => {
    assert.deepStrictEqual(complaintsIn(filesIn("mocks", "bench", "test", "examples"), byPath), [])
  })
})

describe("no file", () => {
  it("is longer than 300 lines", () => {
    const long = filesIn("src", "mocks", "bench", "test", "examples")
      .map(({ file, text }) => [file, text.trimEnd().split("\n").length] as const)
      .filter(([, lines]) => lines > 300)
    assert.deepStrictEqual(long, [], "such a file holds two concepts: part them")
  })

  it("is named after nothing", () => {
    const vague = /(^|\/)(utils?|helpers?|common|types)(\.|\/)/i
    const files = filesIn("src", "mocks", "bench", "test", "examples").map(({ file }) => file)
    assert.deepStrictEqual(
      files.filter((file) => vague.test(file) && !/^test\/types\.(rejected\.)?test\.ts$/.test(file)),
      [],
      "name it after what is in it"
    )
  })
})

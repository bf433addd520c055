/** The rules of the tree that a compiler does not know; each complaint names the import or file, and how to mend it. */
import { globSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve, sep } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { codeOf, type Import, importsOf } from "./Imports.ts"

const root = resolve(import.meta.dirname, "..")

/** The floor of each folder of `src`; a file may import from its own folder and from lower floors. */
const floors: Readonly<Record<string, number>> = {
  options: 1,
  schema: 1,
  scheduling: 1,
  transport: 1,
  claude: 2,
  cost: 3,
  interventions: 3,
  journal: 4,
  layers: 5,
  pipeline: 5,
  plan: 6,
  report: 6,
  ai: 7,
  promise: 7,
  cli: 7
}

/** The script of a run's page: whoever opens it loads it, without Effect, which is larger than all of it. */
const isOfBrowser = (file: string): boolean => file.startsWith("src/report/page/browser/")

/** The files that lie in `src` itself: entry points, and the barrel. */
const facesFloor = 8

/** A file from `src`, `mocks` or `bench`, by its path from the root, and what it imports. */
interface Module {
  readonly file: string
  readonly text: string
}

const filesIn = (...folders: ReadonlyArray<string>): ReadonlyArray<Module> =>
  folders.flatMap((folder) =>
    globSync(`${folder}/**/*.ts`, { cwd: root }).map((path) => {
      const file = path.split(sep).join("/")
      return { file, text: readFileSync(join(root, file), "utf8") }
    })
  )

/** The file that a relative import leads to, by its path from the root. */
const targetOf = (file: string, from: string): string | undefined =>
  from.startsWith(".")
    ? relative(root, join(root, dirname(file), from))
        .split(sep)
        .join("/")
    : undefined

/** `layers` of `src/layers/pacing/Dispatcher.ts`; empty for the files of `src` itself. */
const folderOf = (file: string): string => (file.split("/").length > 2 ? file.split("/")[1]! : "")
const floorOf = (file: string): number => (folderOf(file) === "" ? facesFloor : (floors[folderOf(file)] ?? 0))

/** The folder `layers/pacing` is private to `layers/Pacing.ts` and to what is in it, and `claude/sdk` to `claude`. */
const ownersOf = (file: string): ReadonlyArray<string> | undefined => {
  const [, folder, inner, ...rest] = file.split("/")
  if (inner === undefined || rest.length === 0) return undefined
  const own = `src/${folder}/${inner}/`
  if (folder !== "layers") return [own, `src/${folder}/`]
  return [own, `src/layers/${inner.charAt(0).toUpperCase()}${inner.slice(1)}.ts`, "src/layers/Stack.ts"]
}

const isOwn = (file: string, owners: ReadonlyArray<string>): boolean => owners.some((owner) => file.startsWith(owner))

/** What is wrong with an import of a file in `src`, and how to mend it; `undefined` where it is right. */
const wrongIn = (file: string, { from, isDynamic }: Import): string | undefined => {
  if (from.startsWith("a computed name")) return "write the path as a literal, so that it can be checked"
  const target = targetOf(file, from)
  if (/^(mocks|bench)\//.test(target ?? "") || /^(msw|fanfold\/mocks)\b/.test(from)) {
    const isTheBin = file === "src/main.ts" && isDynamic
    return isTheBin ? undefined : "src knows neither mocks nor bench: only main.ts may load them, by a dynamic import"
  }
  if (/^fanfold(\/|$)/.test(from)) return "import the file itself by its path"
  if (target === undefined || target === "package.json") return undefined
  if (!target.startsWith("src/")) return "it leaves src"
  const owners = ownersOf(target)
  if (owners !== undefined && !isOwn(file, owners)) {
    return `${dirname(target)} is private to ${owners.join(" and ")}: move what both need to a lower floor`
  }
  if (file.startsWith("src/layers/") && /^src\/layers\/[^/]+$/.test(target) && file !== "src/layers/Stack.ts") {
    return "layers never import each other: move what both need to a lower floor, such as claude or scheduling"
  }
  if (folderOf(file) === folderOf(target)) return undefined
  const [floor, other] = [floorOf(file), floorOf(target)]
  return other < floor
    ? undefined
    : `floor ${floor} (${folderOf(file)}) may not import floor ${other} (${folderOf(target)}): hand it down as an argument, or move what is needed to a lower floor`
}

/** Circles of files, or of what `nodeOf` makes of them. Imports of types count, and so do dynamic ones. */
const circlesIn = (modules: ReadonlyArray<Module>, nodeOf = (file: string) => file): ReadonlyArray<string> => {
  const known = new Set(modules.map(({ file }) => file))
  const next = new Map<string, Set<string>>()
  for (const { file, text } of modules) {
    const node = nodeOf(file)
    const targets = next.get(node) ?? new Set()
    next.set(node, targets)
    for (const { from } of importsOf(text)) {
      const target = targetOf(file, from)
      if (target !== undefined && known.has(target) && nodeOf(target) !== node) targets.add(nodeOf(target))
    }
  }
  const circles = new Set<string>()
  const done = new Set<string>()
  const walk = (file: string, path: ReadonlyArray<string>): void => {
    if (path.includes(file)) return void circles.add([...path.slice(path.indexOf(file)), file].join(" → "))
    if (done.has(file)) return
    for (const each of next.get(file) ?? []) walk(each, [...path, file])
    done.add(file)
  }
  for (const file of next.keys()) walk(file, [])
  return [...circles].map((circle) => `${circle}: move what they share to a file below all of them`)
}

const complaintsIn = (modules: ReadonlyArray<Module>, judge: (file: string, one: Import) => string | undefined) =>
  modules.flatMap(({ file, text }) =>
    importsOf(text).flatMap((one) => {
      const complaint = judge(file, one)
      return complaint === undefined ? [] : [`${file} → ${one.from}: ${complaint}`]
    })
  )

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
    ...["Advice", "FiveAnswers", "InterventionText", "Phases", "PlainText", "page/Base85"].map(
      (name) => `src/report/${name}.ts`
    ),
    ...["DurationText", "NumberText", "UsdText"].map((name) => `src/options/${name}.ts`)
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
    const long = filesIn("src", "mocks", "bench", "examples")
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

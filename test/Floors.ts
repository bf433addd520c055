/** Which file may import which: the floors of `src`, what is private to another, and circles. */
import { globSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve, sep } from "node:path"
import { type Import, importsOf } from "./Imports.ts"

const root = resolve(import.meta.dirname, "..")

/** The floor of each folder of `src`; a file may import from its own folder and from lower floors. */
export const floors: Readonly<Record<string, number>> = {
  options: 1,
  schema: 1,
  scheduling: 1,
  transport: 1,
  claude: 2,
  cost: 3,
  documents: 3,
  interventions: 3,
  journal: 4,
  layers: 5,
  pipeline: 5,
  plan: 6,
  report: 6,
  telemetry: 6,
  ai: 7,
  promise: 7,
  cli: 7
}

/** The files that lie in `src` itself: entry points, and the barrel. */
const facesFloor = 8

/** A file from `src`, `mocks` or `bench`, by its path from the root, and what it imports. */
interface Module {
  readonly file: string
  readonly text: string
}

export const filesIn = (...folders: ReadonlyArray<string>): ReadonlyArray<Module> =>
  folders.flatMap((folder) =>
    globSync(`${folder}/**/*.ts`, { cwd: root }).map((path) => {
      const file = path.split(sep).join("/")
      return { file, text: readFileSync(join(root, file), "utf8") }
    })
  )

/** The file that a relative import leads to, by its path from the root. */
export const targetOf = (file: string, from: string): string | undefined =>
  from.startsWith(".")
    ? relative(root, join(root, dirname(file), from))
        .split(sep)
        .join("/")
    : undefined

/** `layers` of `src/layers/pacing/Dispatcher.ts`; empty for the files of `src` itself. */
const folderOf = (file: string): string => (file.split("/").length > 2 ? file.split("/")[1]! : "")
export const floorOf = (file: string): number => (folderOf(file) === "" ? facesFloor : (floors[folderOf(file)] ?? 0))

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
export const wrongIn = (file: string, { from, isDynamic }: Import): string | undefined => {
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
export const circlesIn = (modules: ReadonlyArray<Module>, nodeOf = (file: string) => file): ReadonlyArray<string> => {
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

export const complaintsIn = (
  modules: ReadonlyArray<Module>,
  judge: (file: string, one: Import) => string | undefined
) =>
  modules.flatMap(({ file, text }) =>
    importsOf(text).flatMap((one) => {
      const complaint = judge(file, one)
      return complaint === undefined ? [] : [`${file} → ${one.from}: ${complaint}`]
    })
  )

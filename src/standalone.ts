/**
 * `fanfold/promise` as it is published for Node: with an Effect of its own, so that a script needs none. Only the Effect that made a
 * schema can decode with it, so asks with a schema of Effect, and the runs after them, use the Effect that is installed beside fanfold.
 * A bundler gets `src/promise.ts` itself (condition `module`), as it would not find the file that is loaded here.
 */
import { createRequire } from "node:module"
import { Schema } from "effect"
import * as own from "./promise.ts"

type Entry = typeof own

let installed: Entry | undefined

/** The build of `src/promise.ts` that imports the installed Effect. Loaded synchronously, as making an ask is synchronous. */
const withInstalledEffect = (): Entry => (installed ??= createRequire(import.meta.url)("../effect/promise.js") as Entry)

/** How to make an ask or a synthesis anew with the installed Effect: only the Effect that made it can decode its answers. */
const remakes = new WeakMap<object, () => object>()

type Make = (...args: ReadonlyArray<any>) => object

/** Makes an ask or a synthesis of a schema: of Effect's with the installed Effect, of others without. */
const objectOf =
  (makeOf: (entry: Entry) => Make): Make =>
  (...args) => {
    const remake = () => makeOf(withInstalledEffect())(...args)
    if (Schema.isSchema(args[1])) return remake()
    const made = makeOf(own)(...args)
    remakes.set(made, remake)
    return made
  }

const object = objectOf(({ Ask }) => Ask.object as Make) as Entry["Ask"]["object"]
const synthesisObject = objectOf(({ Synthesis }) => Synthesis.object as Make) as Entry["Synthesis"]["object"]

export const Ask = { ...own.Ask, object }
export const Synthesis = { ...own.Synthesis, object: synthesisObject }
export { RunError } from "./promise/RunError.ts"

const needsInstalledEffect = (part: unknown): boolean =>
  (part as { readonly format?: { readonly _tag?: unknown } } | null | undefined)?.format?._tag === "Object" &&
  !remakes.has(part as object)

const remade = (part: unknown): unknown => remakes.get(Object(part))?.() ?? part

interface Parts {
  readonly asks?: unknown
  readonly synthesis?: unknown
}

const remadeIn = ({ asks, synthesis, ...others }: Parts): Parts => ({
  ...others,
  asks: Array.isArray(asks)
    ? asks.map(remade)
    : Object.fromEntries(Object.entries(Object(asks)).map(([name, ask]) => [name, remade(ask)])),
  ...(synthesis !== undefined && { synthesis: remade(synthesis) })
})

/** Starts a run. From the first schema of Effect on, all use the installed Effect, so that they share their account's limits. */
const startIn = <A>(options: unknown, start: (entry: Entry, options: any) => A): A => {
  const parts = Object(options) as Parts
  const hasEffectSchema = [...Object.values(Object(parts.asks)), parts.synthesis].some(needsInstalledEffect)
  if (installed === undefined && !hasEffectSchema) return start(own, options)
  const isWhole = typeof parts.asks === "object" && parts.asks !== null
  return start(withInstalledEffect(), isWhole ? remadeIn(parts) : options)
}

export const run: Entry["run"] = (options) => startIn(options, (entry, options) => entry.run(options)) as never
export const stream: Entry["stream"] = (options) => startIn(options, (entry, options) => entry.stream(options)) as never

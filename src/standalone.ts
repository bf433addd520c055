/**
 * `fanfold/promise` as it is published for Node: with an Effect of its own, so that a script needs none. Only the Effect that made a
 * schema can decode with it, so asks with a schema, and the runs after them, use the Effect that is installed beside fanfold.
 * A bundler gets `src/promise.ts` itself (condition `module`), as it would not find the file that is loaded here.
 */
import { createRequire } from "node:module"
import * as own from "./promise.ts"

type Entry = typeof own

let installed: Entry | undefined

/** The build of `src/promise.ts` that imports the installed Effect. Loaded synchronously, as making an ask is synchronous. */
const withInstalledEffect = (): Entry => (installed ??= createRequire(import.meta.url)("../effect/promise.js") as Entry)

const object: Entry["Ask"]["object"] = (...args) => withInstalledEffect().Ask.object(...args)
const synthesisObject: Entry["Synthesis"]["object"] = (...args) => withInstalledEffect().Synthesis.object(...args)

export const Ask = { ...own.Ask, object }
export const Synthesis = { ...own.Synthesis, object: synthesisObject }
export { RunError } from "./promise/RunError.ts"

const hasSchema = (part: unknown): boolean =>
  (part as { readonly format?: { readonly _tag?: unknown } } | null | undefined)?.format?._tag === "Object"

/** After the first schema all runs use the installed Effect, so that they share the limits of their account. */
const entryFor = (options: { readonly asks?: unknown; readonly synthesis?: unknown } | undefined): Entry =>
  installed !== undefined || [...Object.values(Object(options?.asks)), options?.synthesis].some(hasSchema)
    ? withInstalledEffect()
    : own

export const run: Entry["run"] = (options) => entryFor(options).run(options)
export const stream: Entry["stream"] = (options) => entryFor(options).stream(options)

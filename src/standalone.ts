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

/**
 * Asks and syntheses that this build made of a schema that is not Effect's: they need no other Effect. A run on the installed one
 * can decode their answers too, as their decoders give nothing but values and failures, which both copies read.
 */
const ofOwnSchema = new WeakSet<object>()

const objectOf = <Make extends (...args: ReadonlyArray<any>) => object>(make: (entry: Entry) => Make): Make =>
  ((...args: ReadonlyArray<unknown>) => {
    if (Schema.isSchema(args[1])) return make(withInstalledEffect())(...args)
    const made = make(own)(...args)
    ofOwnSchema.add(made)
    return made
  }) as Make

const object = objectOf(({ Ask }) => Ask.object as (...args: ReadonlyArray<any>) => object) as Entry["Ask"]["object"]
const synthesisObject = objectOf(
  ({ Synthesis }) => Synthesis.object as (...args: ReadonlyArray<any>) => object
) as Entry["Synthesis"]["object"]

export const Ask = { ...own.Ask, object }
export const Plan: Entry["Plan"] = {
  fromTopic: (topic, options) => (installed ?? own).Plan.fromTopic(topic, options)
}
export const Synthesis = { ...own.Synthesis, object: synthesisObject }
export { RunError } from "./promise/RunError.ts"

const needsInstalledEffect = (part: unknown): boolean =>
  (part as { readonly format?: { readonly _tag?: unknown } } | null | undefined)?.format?._tag === "Object" &&
  !ofOwnSchema.has(part as object)

/** After the first schema of Effect all runs use the installed Effect, so that they share the limits of their account. */
const entryFor = (options: { readonly asks?: unknown; readonly synthesis?: unknown } | undefined): Entry =>
  installed !== undefined || [...Object.values(Object(options?.asks)), options?.synthesis].some(needsInstalledEffect)
    ? withInstalledEffect()
    : own

export const run: Entry["run"] = (options) => entryFor(options).run(options)
export const stream: Entry["stream"] = (options) => entryFor(options).stream(options)

/** Tests text by the pattern of a schema, in a bounded time: an expression may take longer than any run for a short text. */
import { Result } from "effect"

/** How long one test may take; nothing else of the process runs meanwhile. */
const limitMillis = 250

/** Texts up to this length take no time by any expression, as one with repeated repetitions takes 2 to its power of steps. */
const shortText = 20

/** Texts up to this length take no time by an expression without repeated groups, of which several `.*` are the slowest. */
const plainText = 1000

const repeatsGroup = (expression: RegExp): boolean => /\)(?:[+*]|\{\d+,)/.test(expression.source)

interface Input {
  expression: RegExp
  text: string
}

let script: ((input: Input) => boolean) | undefined

/** Compiles the test once; `undefined` in a runtime without `node:vm`. */
const bounded = (): ((input: Input) => boolean) | undefined => {
  const vm = globalThis.process?.getBuiltinModule?.("node:vm")
  if (script !== undefined || vm === undefined) return script
  const context = vm.createContext({})
  const test = new vm.Script("expression.test(text)")
  script = (input) => test.runInContext(Object.assign(context, input), { timeout: limitMillis }) === true
  return script
}

/** Whether a text has a match; where that is not known in time, it has none. */
export const matches = (expression: RegExp, text: string): boolean => {
  const isFast = text.length <= (repeatsGroup(expression) ? shortText : plainText)
  const run = isFast ? undefined : bounded()
  if (run === undefined) return expression.test(text)
  return Result.getOrElse(
    Result.try(() => run({ expression, text })),
    () => false
  )
}

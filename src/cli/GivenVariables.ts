/** The variables of `--var` and `--vars`. */
import { Effect, Option } from "effect"
import * as PlanFile from "../plan/PlanFile.ts"
import type { Given } from "../plan/Variables.ts"
import { usageError } from "./ExitCode.ts"
import type { Values, variables } from "./Flags.ts"

const isPlain = (value: unknown): boolean => ["string", "number", "boolean"].includes(typeof value)

/** The values of a file by name; values other than text, numbers, true and false are an error. */
const ofFile = Effect.fnUntraced(function* (file: string) {
  const text = yield* Effect.mapError(PlanFile.readText(file), (why) => usageError(`--vars ${file}: ${why}`))
  const source = yield* Effect.mapError(PlanFile.parseSource(file, text), ({ message }) => usageError(message))
  const { value } = source
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return yield* usageError(`--vars ${file}: expected values by name, such as city: Lisbon`)
  }
  const wrong = Object.entries(value).filter(([, each]) => !isPlain(each))
  if (wrong.length > 0) {
    const issues = wrong.map(([name]) => ({ path: [name], message: "expected text, a number, true or false" }))
    return yield* usageError(PlanFile.locate(file, source, issues).message)
  }
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, String(each)]))
})

/** `undefined` where no variable is given, so that the braces of a plan without `vars` stay as they are. */
export const givenVariables = Effect.fnUntraced(function* (flags: Values<typeof variables>) {
  const own: Record<string, string> = {}
  for (const text of flags.var) {
    const [, name = "", value = ""] = /^([^={}]*)=([^]*)$/.exec(text) ?? []
    if (name.trim() === "") return yield* usageError(`--var ${text}: expected name=value, such as city=Lisbon`)
    if (Object.hasOwn(own, name.trim())) return yield* usageError(`--var ${text}: ${name.trim()} is given twice`)
    own[name.trim()] = value
  }
  if (Option.isNone(flags.vars)) return flags.var.length === 0 ? undefined : ({ flags: own, file: {} } satisfies Given)
  return { flags: own, file: yield* ofFile(flags.vars.value) } satisfies Given
})

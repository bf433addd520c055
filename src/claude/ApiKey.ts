/** Checks keys as people copy them: what stands around a key is named, and the key itself is shown in no message. */
import { Config, ConfigProvider, Effect, Redacted } from "effect"

/** What is wrong with a key, after its name; `undefined` for one that a header can carry. Blanks at its ends are no part of it. */
export const problemOf = (given: string): string | undefined => {
  const key = given.trim()
  if (key === "") return "is empty"
  if (/^["'`“”‘’«»]|["'`“”‘’«»]$/u.test(key)) return "stands in quotes: write it without them"
  if (/^bearer\s/i.test(key)) return 'begins with "Bearer": write the key alone'
  if (/^(?:x-api-key|authorization)\s*:/i.test(key)) return "begins with the name of a header: write the key alone"
  if (/^(?:export\s+)?[A-Z][A-Z_]*=/.test(key)) return "begins with the name of a variable: write the key alone"
  if (/^\$\{?\w+\}?$/.test(key)) return "is the name of a variable: its value was not put in"
  if (/[\r\n]/.test(key)) return "has more than one line: write the key alone"
  if (/\s/.test(key)) return "has a blank in it: write the key alone"
  if (!/^[\x21-\x7e]+$/.test(key)) return "holds characters that no header can carry, such as … or a typographic dash"
  return undefined
}

/** The key that an environment variable holds; fails with a `ConfigError` that names what is wrong with it. */
export const ofVariable = (key: string, name: string): Effect.Effect<Redacted.Redacted, Config.ConfigError> => {
  const problem = problemOf(key)
  return problem === undefined
    ? Effect.succeed(Redacted.make(key))
    : Effect.fail(new Config.ConfigError(new ConfigProvider.SourceError({ message: `${name}: the key ${problem}` })))
}

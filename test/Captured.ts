/** Keeps what a program says on standard error instead of printing it. */
import { Console, Effect } from "effect"

export const captured = () => {
  const lines: Array<string> = []
  const capture = Effect.provideService(Console.Console, {
    ...console,
    error: (...parts: ReadonlyArray<unknown>) => void lines.push(parts.map(String).join(" "))
  })
  return { lines, capture }
}

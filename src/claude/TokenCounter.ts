/** The API's own count of a request's input tokens, for those whose estimate is close to a window. */
import { Context, type Effect } from "effect"
import type { Request } from "./Message.ts"

/** Asks the API, which costs nothing; `undefined` where it does not say. */
export type TokenCounter = (request: Request) => Effect.Effect<number | undefined>

/** The counter of the address that `Claude` asks; `undefined` where it has none: estimates count then. */
export const Current = Context.Reference<TokenCounter | undefined>("fanfold/claude/TokenCounter/Current", {
  defaultValue: () => undefined
})

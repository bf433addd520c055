/** A run that several processes answer: they spend one budget, and use one account. */
import { Context } from "effect"
import type { SharedRegister } from "../scheduling/SharedRegister.ts"

/** Where its processes let each other know what they have, and its id. */
export interface SharedRun {
  readonly register: SharedRegister
  readonly id: string
}

/** The run that the layers belong to; `undefined` where one process has all of it. */
export const Current = Context.Reference<SharedRun | undefined>("fanfold/journal/SharedRun/Current", {
  defaultValue: () => undefined
})

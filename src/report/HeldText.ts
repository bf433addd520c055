/** What held calls back, in words. No Effect: the page's script has it too. */
import type { View } from "./View.ts"

export const heldText = ({ heldBy }: Pick<View, "heldBy">): string =>
  heldBy === undefined
    ? "held back by the account's limits"
    : heldBy === "overloads"
      ? "held back as the API was overloaded"
      : "held back by the account's limits, or as the API was overloaded"

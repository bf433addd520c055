/** Claude at a cloud, by the package that `@anthropic-ai` has for it. */
import { Effect } from "effect"
import type { Cloud, Connected, ProviderProblem } from "./Provider.ts"

/** Loads the package of a cloud, and makes its client from the environment. Fails with what to install or to set. Sends nothing. */
export const connect = (
  provider: Cloud,
  transport: "auto" | "http1" = "auto"
): Effect.Effect<Connected, ProviderProblem> =>
  Effect.flatMap(
    Effect.promise(() => import("./sdk/CloudClient.ts")),
    (cloud) => cloud.connect(provider, transport)
  )

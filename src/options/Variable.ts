/** The text of environment variables, without the schemas of `Config`: that of each takes longer to make than reading all of them. */
import { ConfigProvider, Effect } from "effect"

/** Trimmed; empty where it is not set, or cannot be read. */
export const text = (name: string): Effect.Effect<string> =>
  Effect.flatMap(ConfigProvider.ConfigProvider, (provider) => provider.load([name])).pipe(
    Effect.map((node) => node?.value?.trim() ?? ""),
    Effect.orElseSucceed(() => "")
  )

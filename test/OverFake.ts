/** The `LanguageModel` of fanfold over a fake Claude. */
import { Layer } from "effect"
import type { Response } from "effect/ai"
import { layer, type Options } from "fanfold/LanguageModel"
import type { make } from "./FakeClaude.ts"

export const over = (claude: Pick<ReturnType<typeof make>, "layer">, options?: Options) =>
  layer(options).pipe(Layer.provide(claude.layer))

/** The deltas of a stream's text. */
export const deltasOf = (parts: ReadonlyArray<Response.AnyPart>) =>
  parts.flatMap((part) => (part.type === "text-delta" ? [part.delta] : []))

/** The Message Batches of the API over `@anthropic-ai/sdk`. */
import { Effect } from "effect"
import * as BaseUrl from "./BaseUrl.ts"
import { defaultBaseUrl, type Options } from "./Connection.ts"

export * from "./BatchApi.ts"

/** The batches of this key and address. */
export const make = Effect.fnUntraced(function* (options: Options) {
  const baseUrl = options.baseUrl === undefined ? defaultBaseUrl : BaseUrl.ofOption(options.baseUrl)
  const sdk = yield* Effect.promise(() => import("./sdk/SdkBatches.ts"))
  return sdk.batches({ ...options, baseUrl })
})

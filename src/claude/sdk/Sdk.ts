/** `Claude` over `@anthropic-ai/sdk`: one request, one reply, plain or as a stream. Loaded when the first Claude is made. */
import { Effect } from "effect"
import * as Transport from "../../transport/Transport.ts"
import type * as Attempt from "../Attempt.ts"
import { defaultBaseUrl, type Options } from "../Connection.ts"
import { accountOf } from "./Account.ts"
import { processQueue } from "./ConnectionQueue.ts"
import { sendOver } from "./Exchanges.ts"
import { SdkClient } from "./SdkClient.ts"
import { askErrorOf } from "./SdkError.ts"

/** Builds the SDK's client and gives its `send`. */
export const send = (options: Options): Attempt.Send => {
  const { cutter, key, problem, toError } = accountOf(options)
  const client = new SdkClient(options, key)
  if (problem !== undefined) return () => Effect.fail(problem)
  const sendOnce = sendOver({
    respond: (request, isStreamed, signal) => client.send(request, isStreamed, signal),
    errorOf: (thrown) => askErrorOf(thrown, false),
    toError,
    cutter: () => cutter
  })
  if (options.fetch !== undefined) return sendOnce
  return processQueue.around(sendOnce, Transport.maxRequestsTo(options.baseUrl ?? defaultBaseUrl, options.transport))
}

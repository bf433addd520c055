/** The client of `@anthropic-ai/sdk` with `messages` alone: a bundle of it is a third of the SDK's own client with all resources. */
import { BaseAnthropic } from "@anthropic-ai/sdk/client"
import { Messages } from "@anthropic-ai/sdk/resources/messages"

export class MessagesClient extends BaseAnthropic {
  readonly messages = new Messages(this)
}

/** How a key is sent, for the options of a client. Headers of a client's own come after those of its key. */
export const keyed = (key: string, auth: "bearer" | "x-api-key" = "bearer") => ({
  apiKey: key,
  ...(auth === "x-api-key" && { defaultHeaders: { authorization: null, "x-api-key": key } })
})

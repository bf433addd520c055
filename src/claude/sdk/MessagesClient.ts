/** The client of `@anthropic-ai/sdk` with `messages` alone: a bundle of it is a third of the SDK's own client with all resources. */
import { BaseAnthropic } from "@anthropic-ai/sdk/client"
import { Messages } from "@anthropic-ai/sdk/resources/messages"

export class MessagesClient extends BaseAnthropic {
  readonly messages = new Messages(this)
}

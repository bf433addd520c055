/** The clients of clouds, as their packages have them, sent to a server on loopback with credentials of no account. */
import { AnthropicBedrock } from "@anthropic-ai/bedrock-sdk"
import { AnthropicFoundry } from "@anthropic-ai/foundry-sdk"
import { AnthropicVertex } from "@anthropic-ai/vertex-sdk"
import { Anthropic } from "@anthropic-ai/sdk"
import type { ServerResponse } from "node:http"
import type { Client } from "../src/claude/Client.ts"
import { chunksOf, startFrames } from "./AwsEventStream.ts"
import { startStream } from "./Loopback.ts"

/** A secret in each of them. */
export const secret = "FAKE-secret-Ob7Qw29xLm-of-no-account"

export interface Cloud {
  readonly name: string
  readonly client: (baseURL: string) => Client
  /** The path of a request for `claude-haiku-5-5`. */
  readonly path: (isStreamed: boolean) => string
  /** Whether the body has the model. */
  readonly hasModel: boolean
  /** Begins a stream with server-sent events, in the framing of the cloud. */
  readonly stream: (response: ServerResponse, events: string) => ServerResponse
}

const writeEvents = (response: ServerResponse, events: string): ServerResponse => {
  if (!response.headersSent) startStream(response)
  response.write(events)
  return response
}

const token = { getRequestHeaders: () => Promise.resolve(new Headers({ authorization: `Bearer ${secret}` })) }

/** A subclass of a program's own, with a header of its own. */
class Subclass extends Anthropic {}

export const clouds: ReadonlyArray<Cloud> = [
  {
    name: "AnthropicBedrock",
    client: (baseURL) =>
      new AnthropicBedrock({
        baseURL,
        awsRegion: "eu-west-1",
        awsAccessKey: "AKIAOFNOACCOUNT12345",
        awsSecretKey: secret
      }),
    path: (isStreamed) => `/model/claude-haiku-5-5/invoke${isStreamed ? "-with-response-stream" : ""}`,
    hasModel: false,
    stream: (response, events) => {
      if (!response.headersSent) startFrames(response)
      response.write(chunksOf(events))
      return response
    }
  },
  {
    name: "AnthropicVertex",
    client: (baseURL) =>
      new AnthropicVertex({ baseURL, region: "global", projectId: "of-no-account", authClient: token as never }),
    path: (isStreamed) =>
      `/projects/of-no-account/locations/global/publishers/anthropic/models/claude-haiku-5-5:${isStreamed ? "streamRawPredict" : "rawPredict"}`,
    hasModel: false,
    stream: writeEvents
  },
  {
    name: "AnthropicFoundry",
    client: (baseURL) => new AnthropicFoundry({ baseURL, apiKey: secret }),
    path: () => "/v1/messages",
    hasModel: true,
    stream: writeEvents
  },
  {
    name: "a subclass of Anthropic",
    client: (baseURL) => new Subclass({ baseURL, apiKey: secret }),
    path: () => "/v1/messages",
    hasModel: true,
    stream: writeEvents
  }
]

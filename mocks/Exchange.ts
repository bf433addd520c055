/** One attempt as the endpoints see it, and the rules that hold for all of them. */
import type { ApiError } from "./ApiError.ts"
import type { Draw } from "./Draw.ts"
import type { HeaderList } from "./Headers.ts"
import type { Incoming } from "./Incoming.ts"
import type { Open } from "./Journal.ts"
import type { Times } from "./Latency.ts"
import type { ApiVersion } from "./Message.ts"
import type { Outgoing } from "./Outgoing.ts"
import type { Prompt } from "./Prompt.ts"
import type { Reply } from "./Reply.ts"

/** What a test or a scenario has laid down. */
export interface Rules {
  /** Plays this version whatever the request's header says; absent: the header decides. */
  readonly apiVersion: ApiVersion | undefined
  /** Gives the reply written for a prompt, and counts it as used. */
  readonly written: (prompt: Prompt) => Reply | undefined
}

/** An attempt under way. `at` turns simulated milliseconds since arrival into the clock's time. */
export interface Exchange {
  readonly incoming: Incoming
  readonly prompt: Prompt
  readonly draw: Draw
  readonly attempt: number
  readonly requestId: string
  readonly entry: Open
  readonly startedAt: number
  /** Simulated milliseconds from the making of the mock to this arrival. */
  readonly sinceMillis: number
  readonly version: ApiVersion
  readonly times: (outputTokens: number) => Times
  readonly at: (millis: number) => number
  readonly headersAfter: (millis: number) => HeaderList
  readonly refuse: (problem: ApiError, headers?: HeaderList) => Outgoing
}

/** The three transports to a mock, each with an SDK client. */
import Anthropic from "@anthropic-ai/sdk"
import { setupServer } from "msw/node"
import { mockClaude, type MockClaude, type Options } from "fanfold/mocks/msw"

/** A mock, and a client that is connected to it. */
export interface Reached {
  readonly claude: MockClaude
  readonly client: Anthropic
}

const settings = { apiKey: "offline", maxRetries: 0, logLevel: "off" } as const

/** Runs `use` with a client over one transport, and closes the transport afterwards. */
export type Transport = <A>(options: Options, use: (reached: Reached) => Promise<A>) => Promise<A>

const injected: Transport = (options, use) => {
  const claude = mockClaude(options)
  return use({ claude, client: new Anthropic({ ...settings, fetch: claude.fetch }) })
}

const intercepted: Transport = async (options, use) => {
  const claude = mockClaude(options)
  const server = setupServer(...claude.handlers())
  server.listen({ onUnhandledFrame: "error" })
  try {
    return await use({ claude, client: new Anthropic(settings) })
  } finally {
    server.close()
  }
}

const served: Transport = async (options, use) => {
  const claude = mockClaude(options)
  await using server = await claude.serve()
  return await use({ claude, client: new Anthropic({ ...settings, baseURL: server.url }) })
}

/** The transports by name. */
export const transports: Readonly<Record<string, Transport>> = { fetch: injected, msw: intercepted, server: served }

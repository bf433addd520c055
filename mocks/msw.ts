/** The offline Claude as handlers of MSW 3, for code that cannot be handed a `fetch`. Needs the optional peer `msw`. */
import { Effect, Layer } from "effect"
import { http, HttpResponse, type HttpHandler } from "msw"
import * as Mock from "./MockClaude.ts"
import * as Offline from "./Offline.ts"

// One import does: `mockClaude` and `MockClaude` below are those with handlers.
export * from "./index.ts"

/** Which addresses to answer; the API's own unless given. */
export interface HandlerOptions {
  readonly baseUrl?: string
}

/** The offline Claude with `handlers()` for `setupServer(...claude.handlers())`. */
export interface MockClaude extends Mock.MockClaude {
  readonly handlers: (options?: HandlerOptions) => Array<HttpHandler>
}

/** Gives the handlers of a mock. */
export const handlers = (claude: Mock.MockClaude, options: HandlerOptions = {}): Array<HttpHandler> => [
  http.all(`${options.baseUrl ?? "https://api.anthropic.com"}/v1/*`, async ({ request }) => {
    try {
      // Replies without any delay, back to back, would retain about 33 kB each inside the interceptor.
      await new Promise((resolve) => setImmediate(resolve))
      return await claude.fetch(request)
    } catch {
      // The engine throws only for a connection that breaks; a handler that throws would become a 500.
      return HttpResponse.error()
    }
  })
]

/** Makes an offline Claude that can also be handed to MSW. */
export const mockClaude = (options: Mock.Options = {}): MockClaude => {
  const claude = Mock.make(options)
  return { ...claude, handlers: (chosen) => handlers(claude, chosen) }
}

/** Intercepts this process's requests to the API while its scope is open; a request to anywhere else is an error. */
export const layer = (options?: HandlerOptions): Layer.Layer<never, never, Offline.MockClaude> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const claude = yield* Offline.MockClaude
      const { setupServer } = yield* Effect.promise(() => import("msw/node"))
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          const server = setupServer(...handlers(claude, options))
          server.listen({ onUnhandledFrame: "error" })
          return server
        }),
        (server) => Effect.sync(() => server.close())
      )
    })
  )

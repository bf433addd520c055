/** The offline Claude as handlers of MSW 3, for code that takes no `fetch` option. Needs the optional peer `msw`. */
import { Effect, Layer } from "effect"
import { http, HttpResponse, type HttpHandler } from "msw"
import * as Mock from "./MockClaude.ts"
import * as Offline from "./Offline.ts"

// `mockClaude` and `MockClaude` below replace those of the index, and add handlers.
export * from "./index.ts"

/** `baseUrl` is the address to answer; that of the API by default. */
export interface HandlerOptions {
  readonly baseUrl?: string
}

/** The offline Claude with `handlers()` for `setupServer(...claude.handlers())`. */
export interface MockClaude extends Mock.MockClaude {
  readonly handlers: (options?: HandlerOptions) => Array<HttpHandler>
}

/** Makes the MSW handlers of a mock. */
export const handlers = (claude: Mock.MockClaude, options: HandlerOptions = {}): Array<HttpHandler> => [
  http.all(`${options.baseUrl ?? "https://api.anthropic.com"}/v1/*`, async ({ request }) => {
    try {
      // Without this delay, immediate replies one after another leave about 33 kB each in the interceptor's memory.
      await new Promise((resolve) => setImmediate(resolve))
      return await claude.fetch(request)
    } catch {
      // The engine rejects for a broken connection; MSW would turn an exception of the handler into a 500.
      return HttpResponse.error()
    }
  })
]

/** Makes an offline Claude with handlers for MSW. */
export const mockClaude = (options: Mock.Options = {}): MockClaude => {
  const claude = Mock.make(options)
  return { ...claude, handlers: (options) => handlers(claude, options) }
}

/** Intercepts the API requests of this process until the scope closes. A request to another address fails. */
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

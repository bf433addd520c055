/** The offline Claude as Effect layers: in this process, or as a server that closes with its scope. */
import { Context, Effect, Layer, Redacted } from "effect"
import type { Claude } from "fanfold"
import * as Mock from "./MockClaude.ts"
import type { Server, ServeOptions } from "./Server.ts"

/** The mock as a service. */
export class MockClaude extends Context.Service<MockClaude, Mock.MockClaude>()("fanfold/mocks/Offline/MockClaude") {}

/** The HTTP server of a mock. */
export class MockServer extends Context.Service<MockServer, Server>()("fanfold/mocks/Offline/MockServer") {}

/** Provides a mock with these options. */
export const layer = (options: Mock.Options = {}): Layer.Layer<MockClaude> =>
  Layer.sync(MockClaude, () => Mock.make(options))

/** Provides fanfold's `Claude`, with the SDK over the mock's `fetch`: without a socket and a key. */
export const layerClaude: Layer.Layer<Claude.Claude, never, MockClaude> = Layer.unwrap(
  Effect.gen(function* () {
    const { Claude } = yield* Effect.promise(() => import("fanfold"))
    const { fetch } = yield* MockClaude
    return Layer.effect(Claude.Claude, Claude.make({ apiKey: Redacted.make("offline"), fetch }))
  })
)

/** Provides the mock as a server on 127.0.0.1, closed with the scope. A port in use is a defect. */
export const layerServer = (options?: ServeOptions): Layer.Layer<MockServer, never, MockClaude> =>
  Layer.effect(
    MockServer,
    Effect.gen(function* () {
      const claude = yield* MockClaude
      return yield* Effect.acquireRelease(
        Effect.promise(() => claude.serve(options)),
        (server) => Effect.promise(() => server.close())
      )
    })
  )

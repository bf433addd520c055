/** `Claude.fromClient` over the real packages of the clouds, whose wire a server on loopback speaks. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { Claude } from "fanfold"
import { clouds, type Cloud, secret } from "../../Clouds.ts"
import { request, send } from "../../FakeClaude.ts"
import { apiError, begun, continued, type Handler, json, message, serve, startStream, stopped } from "../../Loopback.ts"
import { listening, type Mode, modes, safety } from "../../RealClient.ts"

const sendTo = (cloud: Cloud, url: string, mode: Mode, deltas?: Array<string>) =>
  send().pipe(
    listening(mode, deltas),
    Effect.provide(Claude.fromClient(cloud.client(url))),
    Effect.timeoutOrElse({ duration: safety, orElse: () => Effect.die(new Error("it hangs")) })
  )

const errorOf = (cloud: Cloud, handler: Handler, mode: Mode = "plain") =>
  Effect.flatMap(serve(handler), ({ url }) => Effect.flip(sendTo(cloud, url, mode)))

it.live("asks Vertex AI to search the web by the version that it has", () =>
  Effect.gen(function* () {
    const { arrived, url } = yield* serve((response) => json(response, 200, message("Paris")))
    const { client } = clouds.find(({ name }) => name === "AnthropicVertex")!
    const tool = { type: "web_search_20260318", name: "web_search", max_uses: 2 }
    for (const model of ["claude-sonnet-5-5", "claude-haiku-4-5"]) {
      const layer = Claude.fromClient(client(url), { provider: "vertex" })
      yield* Effect.provide(send(request("why?", { model, tools: [tool] })), layer)
    }
    const basic = { ...tool, type: "web_search_20250305" }
    assert.deepStrictEqual(
      arrived.map(({ body }) => body["tools"]),
      [[basic], [basic]]
    )
  })
)

for (const cloud of clouds) {
  const isBedrock = cloud.name === "AnthropicBedrock"

  describe(`a Claude over ${cloud.name}`, () => {
    it.live("sends where the client says, and gives the same reply plain and streamed", () =>
      Effect.gen(function* () {
        for (const mode of modes) {
          const paths: Array<string | undefined> = []
          const { arrived, url } = yield* serve((response, { url }) => {
            paths.push(url)
            if (mode === "plain") json(response, 200, message("Paris"))
            else cloud.stream(response, begun + continued + stopped).end()
          })
          const deltas: Array<string> = []
          const reply = yield* sendTo(cloud, url, mode, deltas)
          assert.deepStrictEqual(paths, [cloud.path(mode === "stream")])
          assert.strictEqual("model" in arrived[0]!.body, cloud.hasModel)
          assert.deepStrictEqual(
            [reply.content, reply.usage.outputTokens, deltas.join("")],
            [[{ type: "text", text: "Paris" }], 7, mode === "stream" ? "Paris" : ""]
          )
        }
      })
    )

    it.live("sends once, and gives the errors of fanfold", () =>
      Effect.gen(function* () {
        const statuses = [
          [401, "Authentication", false],
          [429, "RateLimited", true],
          [500, "ServerError", true],
          [529, "Overloaded", true]
        ] as const
        for (const [status, tag, isRetryable] of statuses) {
          const { arrived, url } = yield* serve((response) =>
            json(response, status, apiError("api_error"), { "retry-after": "3" })
          )
          const error = yield* Effect.flip(sendTo(cloud, url, "plain"))
          assert.deepStrictEqual([error.reason._tag, error.isRetryable], [tag, isRetryable])
          assert.strictEqual(arrived.length, 1)
        }
      })
    )

    it.live("shows no credentials that a server echoes", () =>
      Effect.gen(function* () {
        const error = yield* errorOf(cloud, (response, { headers }) => {
          const echoed = isBedrock ? secret : JSON.stringify(headers)
          json(response, 400, apiError("x", `what is ${echoed}?`))
        })
        assert.include(error.message, "<key>")
        assert.notInclude(JSON.stringify(error), secret)
      })
    )

    it.live("fails where the stream breaks off, with what had come", () =>
      Effect.gen(function* () {
        const error = yield* errorOf(
          cloud,
          (response) => void cloud.stream(response, begun).write("", () => setImmediate(() => response.destroy())),
          "stream"
        )
        assert.deepStrictEqual([error.reason._tag, error.partialText], ["CutOff", "Par"])
      })
    )

    it.live("closes its request when it is interrupted, also in the middle of a stream", () =>
      Effect.gen(function* () {
        const handlers: ReadonlyArray<readonly [Mode, Handler]> = [
          ["plain", () => {}],
          ["stream", (response) => void cloud.stream(response, begun)]
        ]
        for (const [mode, handler] of handlers) {
          const { arrived, first, url } = yield* serve(handler)
          const fiber = yield* Effect.forkChild(sendTo(cloud, url, mode))
          yield* first
          yield* Effect.sleep("20 millis")
          yield* Fiber.interrupt(fiber)
          assert.isTrue(yield* Effect.timeout(arrived[0]!.closedEarly, safety))
        }
      })
    )

    it.live("follows no redirect", () =>
      Effect.gen(function* () {
        const error = yield* errorOf(
          cloud,
          (response) => void response.writeHead(307, { location: "http://127.0.0.1:9/v1/messages" }).end()
        )
        assert.include(error.message, "http://127.0.0.1:9")
      })
    )

    if (!isBedrock) return
    it.live("reads the stream of a gateway in front of it", () =>
      Effect.gen(function* () {
        const { url } = yield* serve((response) => startStream(response).end(begun + continued + stopped))
        assert.strictEqual((yield* sendTo(cloud, url, "stream")).content.length, 1)
      })
    )
  })
}

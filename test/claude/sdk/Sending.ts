/** Sends one or many requests through the transport without time limits, and checks their errors. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { AskError } from "fanfold"
import { request, send } from "../../FakeClaude.ts"
import { json, message } from "../../Loopback.ts"
import { layerTo, listening, type Mode } from "../../RealClient.ts"

export const answer = (response: Parameters<typeof json>[0]) => void json(response, 200, message("Paris"))

/** Sends one request without time limits. */
export const sendFreely = (url: string, mode: Mode = "plain") =>
  send(request()).pipe(listening(mode), Effect.provide(layerTo(url)))

export const crowd = (n: number, url: string) =>
  Effect.forEach(Array.from({ length: n }), () => Effect.result(sendFreely(url)), { concurrency: "unbounded" })

export const assertUnreachable = (error: AskError.AskError) => {
  assert.strictEqual(error.reason._tag, "Unreachable", error.message)
  assert.isTrue(error.isRetryable)
}

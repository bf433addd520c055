/** What runs of `fanfold/promise` are tested with: a key, a Claude that fails some asks, and how a run is rejected. */
import { assert } from "@effect/vitest"
import { fault, mockClaude } from "fanfold/mocks"

export const apiKey = "sk-ant-api03-THE-KEY-that-must-never-be-seen"

/** A Claude that fails the asks which hold `fail`. */
export const mock = () => {
  const claude = mockClaude()
  const wrong = fault.other(400, { type: "invalid_request_error", message: "no such thing", shouldRetry: false })
  claude.fault(wrong, { when: { user: "fail", part: "ask" } })
  return claude
}

export const rejection = (promise: Promise<unknown>): Promise<any> =>
  promise.then(
    () => assert.fail("it should have been rejected"),
    (error: unknown) => error
  )

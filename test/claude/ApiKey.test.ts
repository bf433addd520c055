/** Keys as people copy them: what stands around a key is named before anything is sent, and the key is not shown. */
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Redacted } from "effect"
import { Claude } from "fanfold"
import { run } from "fanfold/promise"
import { problemOf } from "../../src/claude/ApiKey.ts"

const key = "sk-ant-api03-THE-KEY"

const wrong: ReadonlyArray<readonly [given: string, problem: RegExp]> = [
  [`"${key}"`, /^stands in quotes/],
  [`'${key}'`, /^stands in quotes/],
  [`“${key}”`, /^stands in quotes/],
  [` ${key}"\r\n`, /^stands in quotes/],
  [`Bearer ${key}`, /^begins with "Bearer"/],
  [`bearer\t${key}`, /^begins with "Bearer"/],
  [`x-api-key: ${key}`, /^begins with the name of a header/],
  [`Authorization: Bearer ${key}`, /^begins with the name of a header/],
  [`ANTHROPIC_API_KEY=${key}`, /^begins with the name of a variable/],
  [`export ANTHROPIC_API_KEY=${key}`, /^begins with the name of a variable/],
  ["$ANTHROPIC_API_KEY", /^is the name of a variable/],
  ["${ANTHROPIC_API_KEY}", /^is the name of a variable/],
  [`${key}\n${key}`, /^has more than one line/],
  [`sk-ant-api03 THE-KEY`, /^has a blank in it/],
  ["sk-ant-…THE-KEY", /^holds characters that no header can carry/],
  ["sk-ant\u200b-THE-KEY", /^holds characters that no header can carry/],
  ["  ", /^is empty/]
]

const fetch = () => assert.fail("nothing may be sent")

const inEnvironment = (variables: Readonly<Record<string, string>>) =>
  Effect.provideService(Claude.apiKey, ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown(variables))

describe("a key", () => {
  for (const [given, problem] of wrong) {
    it.effect(`is rejected, not sent and not shown: ${JSON.stringify(given)}`, () =>
      Effect.gen(function* () {
        assert.match(problemOf(given) ?? "", problem)
        if (given.trim() === "") return
        for (const name of ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"]) {
          const error = yield* Effect.flip(inEnvironment({ [name]: given }))
          assert.match(error.message, new RegExp(`${name}: the key ${problem.source.slice(1)}`))
          assert.notInclude(error.message, "THE-KEY")
        }
        const rejected = yield* Effect.flip(Effect.tryPromise(() => run({ asks: ["why?"], apiKey: given, fetch })))
        assert.match(String(rejected.cause), new RegExp(`apiKey: the key ${problem.source.slice(1)}`))
        assert.notInclude(String(rejected.cause), "THE-KEY")
      })
    )
  }

  it.effect("may be any text that a header can carry, with blanks around it", () =>
    Effect.gen(function* () {
      for (const given of [key, ` ${key}\r\n`, "lmstudio", "sk-1234", "a:b/c+d==", "Bearer"]) {
        assert.isUndefined(problemOf(given))
        assert.strictEqual(Redacted.value(yield* inEnvironment({ ANTHROPIC_API_KEY: given })), given)
      }
      assert.strictEqual(
        Redacted.value(yield* inEnvironment({ ANTHROPIC_API_KEY: " ", ANTHROPIC_AUTH_TOKEN: key })),
        key
      )
    })
  )
})

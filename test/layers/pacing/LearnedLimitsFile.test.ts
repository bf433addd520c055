/** What stays in the user's state folder, on a real disk: that it comes back, for whom, and that no key is in it. */
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { afterEach, assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { TestClock } from "effect/testing"
import type { Remembered } from "../../../src/layers/pacing/LearnedLimits.ts"
import { make } from "../../../src/layers/pacing/LearnedLimitsFile.ts"
import { folders } from "../../cli/Process.ts"

const key = "sk-ant-api03-THE-KEY-that-must-never-be-seen"
const baseUrl = "https://api.anthropic.com"
const memory = (account: { readonly key?: string; readonly baseUrl?: string } = {}) =>
  make({ apiKey: Redacted.make(account.key ?? key), baseUrl: account.baseUrl ?? baseUrl })

const folder = folders()
const { XDG_STATE_HOME } = process.env
afterEach(() => {
  process.env["XDG_STATE_HOME"] = XDG_STATE_HOME
})

/** A state folder of its own, and where fanfold's files are in it. */
const state = (): string => {
  const base = folder()
  process.env["XDG_STATE_HOME"] = base
  return join(base, "fanfold")
}

const remembered = (limit = 1200, learnedAt = 0): Remembered => ({
  version: 1,
  learnedAt,
  requests: { limit, burst: 8, isHidden: true },
  trial: { limit: 1157.85, burst: 9.6 }
})

const kept = (files: string): string => join(files, readdirSync(files)[0]!)

/** Windows has no such bits. */
const modeOf = (file: string): number => statSync(file).mode & 0o777

describe("LearnedLimitsFile", () => {
  it.effect("gives back what was kept, to another process of the same account too", () =>
    Effect.gen(function* () {
      state()
      assert.isUndefined(yield* memory().recall("haiku-5"))
      yield* memory().keep("haiku-5", remembered())
      assert.deepStrictEqual(yield* memory().recall("haiku-5"), remembered())
      yield* memory().keep("haiku-5", remembered(50))
      assert.deepStrictEqual(yield* memory().recall("haiku-5"), remembered(50))
    })
  )

  it.effect("mixes no accounts, base URLs and classes", () =>
    Effect.gen(function* () {
      const files = state()
      yield* memory().keep("haiku-5", remembered(1))
      yield* memory({ key: `${key}2` }).keep("haiku-5", remembered(2))
      yield* memory({ baseUrl: "https://claude.example.org" }).keep("haiku-5", remembered(3))
      yield* memory().keep("sonnet-5", remembered(4))
      assert.strictEqual(readdirSync(files).length, 4)
      assert.strictEqual((yield* memory().recall("haiku-5"))?.requests?.limit, 1)
      assert.strictEqual((yield* memory().recall("sonnet-5"))?.requests?.limit, 4)
      assert.isUndefined(yield* memory().recall("opus-5"))
    })
  )

  it.effect("writes no key, no base URL and no model, and for nobody else to read", () =>
    Effect.gen(function* () {
      const files = state()
      yield* memory().keep("haiku-5", remembered())
      const [name = "", ...others] = readdirSync(files)
      assert.deepStrictEqual(others, [])
      assert.match(name, /^[0-9a-f]{32}\.json$/)
      const text = readFileSync(join(files, name), "utf8")
      for (const secret of [key, key.slice(0, 12), key.slice(-8), "anthropic", "haiku"]) assert.notInclude(text, secret)
      if (process.platform === "win32") return
      assert.deepStrictEqual([modeOf(files), modeOf(join(files, name))], [0o700, 0o600])
    })
  )

  const foreign: ReadonlyArray<readonly [what: string, text: string]> = [
    ["a file that was torn", JSON.stringify(remembered()).slice(0, 40)],
    ["an empty file", ""],
    ["another version", JSON.stringify({ ...remembered(), version: 2 })],
    ["a limit that is none", JSON.stringify({ ...remembered(), requests: { limit: -5 } })],
    ["a burst that is none", JSON.stringify({ ...remembered(), trial: { limit: 5, burst: "many" } })],
    ["a time that is none", JSON.stringify({ ...remembered(), learnedAt: null })],
    ["something else", "[]"]
  ]
  for (const [what, text] of foreign) {
    it.effect(`ignores and replaces ${what}`, () =>
      Effect.gen(function* () {
        const files = state()
        yield* memory().keep("haiku-5", remembered())
        writeFileSync(kept(files), text)
        assert.isUndefined(yield* memory().recall("haiku-5"))
        yield* memory().keep("haiku-5", remembered(7))
        assert.deepStrictEqual(yield* memory().recall("haiku-5"), remembered(7))
      })
    )
  }

  it.effect("keeps for 30 days, and removes then what it meets", () =>
    Effect.gen(function* () {
      const files = state()
      yield* memory().keep("haiku-5", remembered())
      yield* TestClock.adjust("30 days")
      assert.isDefined(yield* memory().recall("haiku-5"))
      yield* TestClock.adjust(1)
      assert.isUndefined(yield* memory().recall("haiku-5"))
      assert.deepStrictEqual(readdirSync(files), [])
      // Of a clock that went far ahead.
      yield* memory().keep("haiku-5", remembered(5, 40 * 86_400_000))
      assert.isUndefined(yield* memory().recall("haiku-5"))
    })
  )

  it.effect.skipIf(process.platform === "win32")(
    "puts a new file in the place of the old one, which whoever reads it still has whole",
    () =>
      Effect.gen(function* () {
        const files = state()
        yield* memory().keep("haiku-5", remembered(5))
        const reader = openSync(kept(files), "r")
        yield* memory().keep("haiku-5", remembered(6))
        assert.strictEqual(JSON.parse(readFileSync(reader, "utf8")).requests.limit, 5)
        closeSync(reader)
        assert.strictEqual(JSON.parse(readFileSync(kept(files), "utf8")).requests.limit, 6)
      })
  )

  it.effect("leaves one whole file, whoever writes at the same time", () =>
    Effect.gen(function* () {
      const files = state()
      const limits = Array.from({ length: 40 }, (_, index) => index + 1)
      const found: Array<number | undefined> = []
      yield* Effect.forEach(
        limits,
        (limit) =>
          memory()
            .keep("haiku-5", remembered(limit))
            .pipe(
              Effect.andThen(memory().recall("haiku-5")),
              Effect.map((one) => found.push(one?.requests?.limit))
            ),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(readdirSync(files).length, 1)
      assert.notInclude(found, undefined)
    })
  )

  it.effect("fails nobody where the folder cannot be written, or is none", () =>
    Effect.gen(function* () {
      const base = folder({ fanfold: "a file" })
      process.env["XDG_STATE_HOME"] = base
      yield* memory().keep("haiku-5", remembered())
      assert.isUndefined(yield* memory().recall("haiku-5"))
      const files = state()
      mkdirSync(files)
      chmodSync(files, 0o500)
      yield* memory().keep("haiku-5", remembered())
      yield* memory().recall("haiku-5")
      chmodSync(files, 0o700)
      assert.isAtMost(readdirSync(files).length, 1)
    })
  )

  it.effect("takes a folder that is not absolute for none, and the home folder then", () =>
    Effect.gen(function* () {
      const { HOME, LOCALAPPDATA, USERPROFILE } = process.env
      const home = folder()
      Object.assign(process.env, { HOME: home, USERPROFILE: home, XDG_STATE_HOME: "here" })
      delete process.env["LOCALAPPDATA"]
      yield* memory().keep("haiku-5", remembered())
      Object.assign(process.env, { HOME, ...(USERPROFILE !== undefined && { USERPROFILE }) })
      if (USERPROFILE === undefined) delete process.env["USERPROFILE"]
      if (LOCALAPPDATA !== undefined) process.env["LOCALAPPDATA"] = LOCALAPPDATA
      const places = { win32: "AppData/Local", darwin: "Library/Application Support" } as Record<string, string>
      assert.strictEqual(readdirSync(join(home, places[process.platform] ?? ".local/state", "fanfold")).length, 1)
      assert.isFalse(existsSync("here"))
    })
  )
})

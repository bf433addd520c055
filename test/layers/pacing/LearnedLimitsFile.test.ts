/** Learned limits on a real disk: which account reads them back, what the files reveal, and what broken files and folders do. */
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

/** Sets `XDG_STATE_HOME` to a new folder and returns the path of fanfold's folder in it. */
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

/** The permission bits; Windows has none. */
const modeOf = (file: string): number => statSync(file).mode & 0o777

describe("LearnedLimitsFile", () => {
  it.effect("returns what was kept, also to another instance for the same account", () =>
    Effect.gen(function* () {
      state()
      assert.isUndefined(yield* memory().recall("haiku-5"))
      yield* memory().keep("haiku-5", remembered())
      assert.deepStrictEqual(yield* memory().recall("haiku-5"), remembered())
      yield* memory().keep("haiku-5", remembered(50))
      assert.deepStrictEqual(yield* memory().recall("haiku-5"), remembered(50))
    })
  )

  it.effect("has a file for each API key, base URL and model class", () =>
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

  it.effect("writes neither key, base URL nor model, and gives access to the user only", () =>
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
    ["a truncated file", JSON.stringify(remembered()).slice(0, 40)],
    ["an empty file", ""],
    ["a file of another version", JSON.stringify({ ...remembered(), version: 2 })],
    ["an invalid limit", JSON.stringify({ ...remembered(), requests: { limit: -5 } })],
    ["an invalid burst", JSON.stringify({ ...remembered(), trial: { limit: 5, burst: "many" } })],
    ["an invalid time", JSON.stringify({ ...remembered(), learnedAt: null })],
    ["JSON of another shape", "[]"]
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

  it.effect("uses a file for 30 days, and removes an older one when it is read", () =>
    Effect.gen(function* () {
      const files = state()
      yield* memory().keep("haiku-5", remembered())
      yield* TestClock.adjust("30 days")
      assert.isDefined(yield* memory().recall("haiku-5"))
      yield* TestClock.adjust(1)
      assert.isUndefined(yield* memory().recall("haiku-5"))
      assert.deepStrictEqual(readdirSync(files), [])
      // Written by a process whose clock was 40 days ahead.
      yield* memory().keep("haiku-5", remembered(5, 40 * 86_400_000))
      assert.isUndefined(yield* memory().recall("haiku-5"))
    })
  )

  it.effect.skipIf(process.platform === "win32")(
    "replaces a file by renaming, so that an open reader still sees all of the old one",
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

  it.effect("leaves one complete file after concurrent writes", () =>
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

  it.effect("does not fail where the folder is a file or cannot be written", () =>
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

  it.effect("ignores a relative XDG_STATE_HOME and uses the platform's folder in the home folder", () =>
    Effect.gen(function* () {
      const { HOME, LOCALAPPDATA, USERPROFILE } = process.env
      const home = folder()
      Object.assign(process.env, { HOME: home, USERPROFILE: home, XDG_STATE_HOME: "here" })
      delete process.env["LOCALAPPDATA"]
      yield* memory().keep("haiku-5", remembered())
      Object.assign(process.env, { HOME, ...(USERPROFILE !== undefined && { USERPROFILE }) })
      if (USERPROFILE === undefined) delete process.env["USERPROFILE"]
      if (LOCALAPPDATA !== undefined) process.env["LOCALAPPDATA"] = LOCALAPPDATA
      const inHome = { win32: "AppData/Local", darwin: "Library/Application Support" } as Record<string, string>
      assert.strictEqual(readdirSync(join(home, inHome[process.platform] ?? ".local/state", "fanfold")).length, 1)
      assert.isFalse(existsSync("here"))
    })
  )

  it.effect("writes nothing where the home folder is relative or empty", () =>
    Effect.gen(function* () {
      const { HOME, LOCALAPPDATA, USERPROFILE } = process.env
      delete process.env["XDG_STATE_HOME"]
      delete process.env["LOCALAPPDATA"]
      for (const home of ["here", ""]) {
        Object.assign(process.env, { HOME: home, USERPROFILE: home })
        yield* memory().keep("haiku-5", remembered())
        assert.isUndefined(yield* memory().recall("haiku-5"))
      }
      for (const [name, value] of Object.entries({ HOME, LOCALAPPDATA, USERPROFILE })) {
        if (value === undefined) delete process.env[name]
        else process.env[name] = value
      }
      assert.isFalse(existsSync("here"))
    })
  )
})

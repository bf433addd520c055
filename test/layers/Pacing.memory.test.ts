/** What a run does with what an earlier one learned of the account, and what it hands on. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Pacing } from "fanfold"
import type * as Limits from "../../mocks/Limits.ts"
import { type Learned, Memory, type Remembered } from "../../src/Memory.ts"
import { make, reply, request, send } from "../FakeClaude.ts"
import { latencyMillis, many, run, type Server } from "./Simulation.ts"

/** A memory of its own, and what is in it. */
const remembering = (learned: Readonly<Record<string, Learned & { readonly learnedAt?: number }>> = {}) => {
  const kept: Record<string, Remembered> = Object.fromEntries(
    Object.entries(learned).map(([name, one]) => [name, { version: 1, learnedAt: 0, ...one }])
  )
  const book = { kept, recalled: 0, written: 0 }
  const memory: Memory = {
    recall: (modelClass) => Effect.sync(() => (book.recalled++, kept[modelClass])),
    keep: (modelClass, remembered) =>
      Effect.sync(() => {
        book.written++
        kept[modelClass] = remembered
      })
  }
  return Object.assign(book, { memory, with: Effect.provideService(Memory, memory) })
}

/** 20 requests a second, in bursts of 10. */
const twenty: Limits.Limits = { rpm: 1200, burstSeconds: 0.5 }
const ideal200 = ((200 + 1 - 10) / 20) * 1000 + latencyMillis

describe("a run that remembers an earlier one", () => {
  for (const headers of ["true", "of the minute", "none"] as const) {
    it.effect(`is not refused, and takes no longer than that must, with headers: ${headers}`, () =>
      Effect.gen(function* () {
        const memory = remembering()
        const server: Server = { limits: () => twenty, headers }
        const first = yield* memory.with(run(server, many(200)))
        console.log(headers, first.wallMillis/ideal200, first.refused, JSON.stringify(memory))
        const { refused, wallMillis } = yield* memory.with(run(server, many(200)))
        console.log(headers, wallMillis/ideal200, refused, JSON.stringify(memory))
        assert.strictEqual(refused, 0)
        assert.isAtMost(wallMillis, (headers === "none" ? 1.1 : 1.05) * ideal200)
      })
    )
  }
})

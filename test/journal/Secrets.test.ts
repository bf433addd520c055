/** A journal never holds the key: files are scanned after runs with servers that echo the headers of their requests. */
import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { Ask, Research, Stack, Synthesis } from "fanfold"
import { json, message, serve } from "../Loopback.ts"
import { journalFiles } from "./Journaled.ts"

const newFile = journalFiles()

/** As random as a key is. */
const key = "sk-ant-api03-Zq7vK2mXw9LrT4bNc8HdYs6PfGj3Ae5U-QxRtV1oW0iBkMzCnLhJ-AA"
const secret = key.slice("sk-ant-api03-".length)

/** All pieces of 8 characters, the key in other encodings, and these in pieces. */
const parts = ((): ReadonlyArray<string> => {
  const padded = [0, 1, 2].map((n) =>
    Buffer.from("x".repeat(n) + key)
      .toString("base64")
      .slice(4, -4)
  )
  const texts = [secret, ...padded, Buffer.from(key).toString("hex"), encodeURIComponent(secret)]
  return texts.flatMap((text) =>
    Array.from({ length: text.length - 11 }, (_, at) => text.slice(at, at + (text === secret ? 8 : 12)))
  )
})()

const asks = Object.fromEntries(["a", "b", "c", "d", "e", "f", "g"].map((name) => [name, Ask.text(`question ${name}`)]))

const scan = (path: string) => {
  const text = readFileSync(path, "latin1")
  assert.deepStrictEqual(
    parts.filter((part) => text.includes(part)),
    [],
    path
  )
  return text
}

describe("a journal", () => {
  it.live(
    "has no key and no part of it, whatever the server echoes",
    () =>
      Effect.gen(function* () {
        const file = newFile()
        const { arrived, url } = yield* serve((response, { headers }, nth) => {
          const echo = JSON.stringify(headers)
          const seen = String(headers.authorization).replace("Bearer ", "")
          const said = `${nth} ${echo} ${seen} ${seen.slice(0, -20)} ${encodeURIComponent(seen)}`
          const replies = [
            () =>
              json(response, 200, { ...message(said), id: seen, model: seen }, { "request-id": seen, "x-echo": seen }),
            () => json(response, 400, { type: "error", error: { type: "invalid_request_error", message: said } }),
            () => json(response, 500, `<html>${said}</html>`, { "request-id": seen, "x-should-retry": "false" }),
            () => json(response, 200, { ...message(said), stop_reason: seen, stop_sequence: seen }),
            () => json(response, 401, { type: "error", error: { type: seen, message: seen } }),
            () =>
              json(response, 200, {
                ...message(said),
                content: [{ type: "text", text: said, citations: [{ url: `https://a/${seen}`, title: seen }] }]
              }),
            () => response.destroy(new Error(said))
          ]
          replies[nth % replies.length]!()
        })
        // One after another, as a 401 before the first answer stops the others.
        yield* Research.run(asks, { policy: "best-effort", concurrency: 1 }).pipe(
          Effect.flatMap(Synthesis.text("Weigh.")),
          Effect.exit,
          // Not the database itself: this process would lose its locks when it closes the file.
          Effect.tap(() => Effect.sync(() => scan(`${file}-wal`))),
          Effect.provide(
            Stack.layer({ apiKey: Redacted.make(key), baseUrl: url, journal: { file }, retry: { attempts: 1 } })
          )
        )
        assert.isAbove(arrived.length, 6)
        const kept = scan(file)
        for (const word of ["question a", "<key>", "best-effort"]) assert.include(kept, word)
      }),
    30_000
  )
})

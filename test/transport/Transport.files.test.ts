/** The transport in a process that may open few files: its requests wait for a connection, and none fails. */
import { execFile } from "node:child_process"
import { resolve } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { json, message, serve } from "../Loopback.ts"
import { key } from "../RealClient.ts"

/** Opens so many other files, asks 600 questions at once, and prints how many attempts failed and how many answers came. */
const script = `
  const { openSync } = require("node:fs")
  const { run } = require("fanfold/promise")
  const asks = Array.from({ length: 600 }, (_, index) => "Question " + index)
  let failures = 0
  const onEvent = ({ _tag }) => (failures += _tag === "AttemptFailed" ? 1 : 0)
  const options = { asks, baseUrl: process.argv[1], apiKey: "${key}", pacing: { inFlight: 600 }, onEvent }
  const timeout = { attempt: "2 seconds", firstToken: "2 seconds", stall: "2 seconds" }
  run({ ...options, asks: ["first"] })
    .then(() => Array.from({ length: Number(process.argv[2]) }, () => openSync("/dev/null")))
    .then(() => run({ ...options, timeout }))
    .then(({ answers }) => console.log(failures, answers.length))
`

const runWith = (openFiles: number, url: string, others: number) =>
  Effect.callback<string>((done) => {
    const node = [process.execPath, "--conditions=source", "-e", script, url, String(others)]
    const limited = ["-c", `ulimit -n ${openFiles}; exec "$@"`, "sh", ...node]
    execFile("sh", limited, { cwd: resolve(import.meta.dirname, "../..") }, (error, out, problems) =>
      done(error === null ? Effect.succeed(out.trim()) : Effect.die(new Error(`${error.message}\n${problems}`)))
    )
  })

const longAnswer = 300

describe.skipIf(process.platform === "win32")("a process with few files", () => {
  for (const [title, openFiles, others] of [
    ["may open: requests wait for its connections, and the time of an attempt does not run", 80, 0],
    ["left: it takes as many connections as there are, and requests wait for them", 300, 220]
  ] as const) {
    it.live(title, () =>
      Effect.gen(function* () {
        let open = 0
        let peak = 0
        const { arrived, url } = yield* serve((response) => {
          peak = Math.max(peak, ++open)
          setTimeout(() => {
            open--
            json(response, 200, message("Paris"))
          }, longAnswer)
        })
        assert.strictEqual(yield* runWith(openFiles, url, others), "0 600")
        assert.strictEqual(arrived.length, 601)
        assert.isBelow(peak, 80)
      })
    )
  }
})

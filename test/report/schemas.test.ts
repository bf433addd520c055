/** The JSON Schemas that the package publishes, of what the command line writes: for readers of other languages, and of other releases. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Ajv2020 } from "ajv/dist/2020.js"
import { Effect, Exit } from "effect"
import { Event } from "fanfold"
import { EventLines } from "../../src/report/EventLine.ts"
import * as EventLineSchema from "../../src/report/EventLineSchema.ts"
import * as Report from "../../src/report/Report.ts"
import { plan } from "../cli/Planned.ts"
import { fanfold, folders } from "../cli/Process.ts"
import * as RunEvents from "../RunEvents.ts"
import { usage } from "../RunEvents.ts"

const folder = folders()
const validator = (schema: object) => new Ajv2020({ strict: true, allErrors: true }).compile(schema)

/** An ask that has no time. */
const tight = plan.replace("How far is the sun?", "{ question: How far is the sun?, timeout: 1ms }")

/** What a release wrote, byte by byte, and what all later ones read. */
const oldReport = readFileSync(join(import.meta.dirname, "report.v1.json"), "utf8")

describe("the schema of a report", () => {
  const validate = validator(Report.toJsonSchema())

  it("fits the report of a run, with gaps and without", { timeout: 60_000 }, async () => {
    const cwd = folder({ "plan.yaml": plan, "tight.yaml": tight })
    for (const name of ["plan", "tight"]) {
      await fanfold(["run", `${name}.yaml`, "--offline", "-o", `${name}.json`], { cwd, hurried: true })
      assert.isTrue(
        validate(JSON.parse(readFileSync(join(cwd, `${name}.json`), "utf8"))),
        JSON.stringify(validate.errors)
      )
    }
  })

  it.effect("fits what an earlier release wrote, which is still read", () =>
    Effect.gen(function* () {
      assert.isTrue(validate(JSON.parse(oldReport)), JSON.stringify(validate.errors))
      const report = yield* Report.decode(oldReport)
      assert.deepStrictEqual(Object.keys(report.answers), ["moon"])
      assert.strictEqual(report.gaps[0]?.reason, "InvalidRequest")
      assert.strictEqual(report.spent.asks["moon"]?.reused?.from, "0k3x000000000a")
    })
  )

  it.effect("does not fit another version, which is not read", () =>
    Effect.gen(function* () {
      const later = { ...JSON.parse(oldReport), version: 2 }
      assert.isFalse(validate(later))
      assert.isTrue(Exit.isFailure(yield* Effect.exit(Report.decode(JSON.stringify(later)))))
    })
  )

  it("lets a later release add keys", () => {
    assert.isTrue(validate({ ...JSON.parse(oldReport), further: 1 }))
  })
})

/** One event of each kind. */
const events: ReadonlyArray<Event.Event> = [
  RunEvents.begin(0, "sky"),
  RunEvents.started(1, "sky"),
  RunEvents.dispatched(2, "sky"),
  [2, "sky", { _tag: "FirstToken", attempt: 1 }],
  RunEvents.attemptFailed(3, "sky"),
  [3, "sky", { _tag: "Retrying", attempt: 1, reason: "Undecodable", message: "got SECRET", delayMillis: 5 }],
  [4, "sky", { _tag: "FellBack", from: "a", to: "b", reason: "Refused", message: "SECRET" }],
  [4, "sky", { _tag: "Continued", turn: 1 }],
  [4, "sky", { _tag: "Reasked", issue: "expected a number, got SECRET" }],
  [4, "sky", { _tag: "UnknownStopReason", stopReason: "odd", model: "a" }],
  RunEvents.reused(5, "sky"),
  RunEvents.replied(6, "sky"),
  RunEvents.answered(7, "sky"),
  RunEvents.failed(8, "sky"),
  RunEvents.interrupted(9, "sky"),
  [9, "", { _tag: "BatchSubmitting", nonce: "n", ids: ["a"] }],
  [9, "", { _tag: "BatchSubmitted", nonce: "n", batch: "b", expiresAt: 1 }],
  [9, "", { _tag: "BatchNotCreated", nonce: "n", message: "no" }],
  [9, "", { _tag: "BatchUncertain", nonce: "n", message: "no" }],
  [9, "", { _tag: "BatchPolled", batch: "b", expiresAt: 1, counts: noCounts(), isCanceling: false }],
  [9, "", { _tag: "BatchCallFailed", reason: "Overloaded", message: "busy", since: 8, delayMillis: 5 }],
  [9, "", { _tag: "BatchEnded", batch: "b", counts: noCounts() }],
  [9, "", { _tag: "Cited", statements: 2, faultCount: 1, faults: [{ kind: "unmarked", message: "SECRET" }] }],
  [9, "sky", { _tag: "Voted", votes: 3, answered: 3, agreeing: 2, fields: { colour: 2 } }],
  [9, "", { _tag: "Intervened", intervention: { _tag: "AskAgain", asks: ["sky"] } }],
  [
    0,
    "",
    {
      _tag: "Configured",
      folder: "/p",
      words: ["ask", "SECRET?"],
      outputs: ["/p/a.md"],
      settings: { "hedge.max": "2" }
    }
  ],
  RunEvents.end(10, 10)
].map((emitted) => RunEvents.eventOf(emitted as RunEvents.Emitted))

function noCounts() {
  return { processing: 0, succeeded: 0, errored: 0, canceled: 0, expired: 0 }
}

const request = {
  model: "claude-haiku-5-5",
  context: "A document.",
  messages: [{ role: "user" as const, content: "SECRET?" }],
  maxTokens: 100
}
const reply = {
  id: "msg_1",
  model: "claude-haiku-5-5",
  content: [{ type: "text", text: "SECRET" }],
  stopReason: "end_turn",
  stopSequence: null,
  usage,
  headers: {}
}

/** A line of each of them. */
const written = (isWithContent: boolean) => {
  const lines = new EventLines(isWithContent)
  return events.map((event) => {
    const content = event._tag === "Dispatched" ? { request } : event._tag === "Replied" ? { reply } : {}
    return lines.of(event, content)
  })
}

describe("the schema of an event", () => {
  const validate = validator(EventLineSchema.toJsonSchema())
  it.each([true, false])("fits a line of every event, with content: %s", (isWithContent) => {
    assert.deepStrictEqual(
      events.map(({ _tag }) => _tag).toSorted(),
      Event.Event.members.map((member) => member.fields._tag.schema.literal).toSorted()
    )
    for (const line of written(isWithContent)) {
      assert.match(line, /^\{.*\}\n$/)
      assert.isTrue(validate(JSON.parse(line)), `${line} ${JSON.stringify(validate.errors)}`)
    }
  })

  it("has no question and nothing of an answer in a line without content", () => {
    const text = written(false).join("")
    assert.notMatch(text, /SECRET|sky\?|A document/)
    assert.include(text, "overloaded: busy")
  })

  it("has the request and the answer in a line with content, and a shared document once", () => {
    const lines = new EventLines(true)
    const dispatched = events.find(({ _tag }) => _tag === "Dispatched")!
    const [first, second] = [lines.of(dispatched, { request }), lines.of(dispatched, { request })].map((line) =>
      JSON.parse(line)
    )
    assert.deepStrictEqual(first.request, request)
    assert.isUndefined(second.request.context)
    const replied = events.find(({ _tag }) => _tag === "Replied")!
    assert.deepStrictEqual(JSON.parse(lines.of(replied, { reply })).content, reply.content)
  })

  it("does not fit an event of another version", () => {
    assert.isFalse(validate({ ...events[0], version: 2 }))
  })
})

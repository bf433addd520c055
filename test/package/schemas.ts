/**
 * Asks, syntheses and schemas of the user's own Effect in `fanfold/promise`, which is published with another copy of Effect:
 * `test/package.ts` checks and runs this in a user's project.
 */
import { DateTime, Duration, Effect, Option, Redacted, Schema } from "effect"
import * as fanfold from "fanfold"
import * as promise from "fanfold/promise"

class City extends Schema.Class<City>("City")({
  name: Schema.String,
  people: Schema.Int.check(Schema.isGreaterThan(0)),
  founded: Schema.optionalKey(Schema.String)
}) {}
const Mixed = Schema.Struct({
  at: Schema.DateTimeUtcFromString,
  lasted: Schema.DurationFromMillis,
  pair: Schema.Tuple([Schema.String, Schema.Finite]),
  counts: Schema.Record(Schema.String, Schema.Finite),
  none: Schema.OptionFromNullOr(Schema.String),
  kind: Schema.Union([Schema.Literal("a"), Schema.Struct({ _tag: Schema.tag("b"), n: Schema.Finite })])
})
/** As Claude answers: tuples are objects, records are lists of keys and values. */
const mixed = {
  at: "2026-01-02T03:04:05Z",
  lasted: 1500,
  pair: { "0": "x", "1": 2 },
  counts: [{ key: "k", value: 3 }],
  none: null,
  kind: { _tag: "b", n: 1 }
}
const rome = { name: "Rome", people: 3 }

const usage = { input_tokens: 1, output_tokens: 1 }
const message = { type: "message", id: "msg", model: "claude-haiku-5-5", stop_reason: "end_turn", usage }
let wrongReplies = 1
const fetch: typeof globalThis.fetch = (_, init) => {
  const { messages, output_config } = JSON.parse(init?.body as string)
  if (JSON.stringify(messages).includes("fail")) return Promise.resolve(Response.json({}, { status: 400 }))
  const isWrong = JSON.stringify(messages).includes("wrong at first") && wrongReplies-- > 0
  const value = "at" in (output_config?.format.schema.properties ?? {}) ? mixed : { ...rome, people: isWrong ? -1 : 3 }
  const text = output_config === undefined ? "text" : JSON.stringify(value)
  return Promise.resolve(Response.json({ ...message, content: [{ type: "text", text }] }))
}
const apiKey = "offline"
const check = (isRight: boolean, what: string): void => {
  if (!isRight) throw new Error(what)
}

const rows = { type: "object", properties: { name: { type: "string" } }, required: ["name"] } as const
const ofJsonSchema = promise.Ask.object<{ readonly name: string }>("Which name?", rows)
check(
  (await promise.run({ asks: { a: ofJsonSchema }, apiKey, fetch })).answers.a.name === "Rome",
  "a JSON Schema with the published copy"
)

// Before the first schema of Effect a run uses the published copy, also for asks that `fanfold` made.
const ofText = { a: fanfold.Ask.text("How?", { timeout: Duration.seconds(30) }), b: "Why?" }
const plain = await promise.run({ asks: ofText, synthesis: fanfold.Synthesis.text("Fold"), apiKey, fetch })
check(plain.answers.a === "text" && plain.document === "text", "text")
const folded = fanfold.Synthesis.object("Fold", City)
check(
  (await promise.run({ asks: { a: "How?" }, synthesis: folded, apiKey, fetch })).document instanceof City,
  "synthesis"
)

for (const { Ask, Synthesis } of [fanfold, promise]) {
  wrongReplies = 1
  const asks = {
    text: Ask.text("How?"),
    city: Ask.object("Which city?", City),
    mixed: Ask.object("What else?", Mixed),
    corrected: Ask.object("wrong at first", City)
  }
  const { answers, document } = await promise.run({
    asks,
    synthesis: Synthesis.object("Fold", City),
    deadline: Duration.minutes(1),
    apiKey,
    fetch
  })
  const [text, city, corrected, summary]: [string, City, City, City] = [
    answers.text,
    answers.city,
    answers.corrected,
    document
  ]
  check(text === "text" && [city, corrected, summary].every((value) => value instanceof City), "classes")
  const { at, lasted, none } = answers.mixed
  check(DateTime.isDateTime(at) && Duration.isDuration(lasted) && Option.isNone(none), "values")
  const failed = await promise
    .run({ asks: { a: Ask.object("fail", City) }, apiKey, fetch })
    .catch((error: unknown) => error)
  check(failed instanceof promise.RunError, "error")
  const streamed = promise.stream({ asks: { a: "How?" }, synthesis: Synthesis.text("Fold"), apiKey, fetch })
  let piece = ""
  for await (const delta of streamed.textStream) piece += delta
  check(piece === "text", "stream")
}
const both = { json: ofJsonSchema, city: promise.Ask.object("Which city?", City) }
const jsonFold = promise.Synthesis.object<{ readonly name: string }>("Fold", rows)
const mixedRun = await promise.run({ asks: both, synthesis: jsonFold, apiKey, fetch })
check(mixedRun.answers.json.name === "Rome" && mixedRun.answers.city instanceof City, "schemas of both kinds")
check(mixedRun.document.name === "Rome", "a synthesis of a JSON Schema with the installed Effect")

const proposal = { questions: [{ name: "how", question: "How?", dependsOn: [] }], instruction: "Fold" }
const planning: typeof globalThis.fetch = () =>
  Promise.resolve(Response.json({ ...message, content: [{ type: "text", text: JSON.stringify(proposal) }] }))
const topic = await promise.Plan.fromTopic("A topic", { apiKey, fetch: planning })
const planned = await promise.run({ asks: topic.asks, synthesis: topic.synthesis, apiKey, fetch })
check(planned.answers["how"] === "text" && planned.document === "text", "a plan of a topic with the installed Effect")

interface Tree {
  readonly children: ReadonlyArray<Tree>
}
const Tree: Schema.Codec<Tree> = Schema.Struct({ children: Schema.Array(Schema.suspend(() => Tree)) })
const thrown = (() => {
  try {
    return promise.Ask.object("What?", Tree)
  } catch (error) {
    return error
  }
})()
check(/recursive/i.test(String(thrown)), "a recursive schema is not accepted")

const asks = { city: promise.Ask.object("Which city?", City), text: promise.Ask.text("How?") }
const claude = fanfold.Stack.layer({ apiKey: Redacted.make(apiKey), fetch })
const { answers } = await Effect.runPromise(Effect.provide(fanfold.Research.run(asks), claude))
check(answers.city instanceof City && answers.text === "text", "asks of fanfold/promise in fanfold")
console.log("schemas of the user's Effect in fanfold/promise")

/** A script in a project where Effect is not installed, as `test/package.ts` checks and runs it. */
import { Ask, Plan, run, RunError, stream, Synthesis } from "fanfold/promise"

const usage = { input_tokens: 1, output_tokens: 1 }
const message = { type: "message", id: "msg", model: "claude-haiku-5-5", stop_reason: "end_turn", usage }
const fetch: typeof globalThis.fetch = (_, init) => {
  const status = JSON.stringify(init?.body).includes("fail") ? 400 : 200
  return Promise.resolve(Response.json({ ...message, content: [{ type: "text", text: "An answer." }] }, { status }))
}
const apiKey = "offline"

const { answers, document } = await run({ asks: { a: "How?", b: Ask.text("Why?") }, synthesis: "Fold", apiKey, fetch })
const texts: ReadonlyArray<string> = [answers.a, answers.b, document]
// @ts-expect-error an answer in prose is text
answers.a satisfies number
// @ts-expect-error a document of an instruction is text
document satisfies number
if (texts.some((text) => text !== "An answer.")) throw new Error(texts.join())

const list = await run({ asks: ["How?"], policy: "best-effort", apiKey, fetch })
const first: string | undefined = list.answers[0]
// @ts-expect-error answers may be missing under this policy
list.answers[0] satisfies string
if (first !== "An answer.") throw new Error(first)

const streamed = stream({ asks: { a: "How?" }, synthesis: Synthesis.text("Fold"), apiKey, fetch })
let text = ""
for await (const delta of streamed.textStream) text += delta
if (text !== "An answer." || (await streamed.result).document !== text) throw new Error(text)

const failed = await run({ asks: { a: "fail" }, apiKey, fetch }).catch((error: unknown) => error)
if (!(failed instanceof RunError) || failed.findings.gaps.length !== 1) throw failed
const wrong = await run({ asks: { a: "" }, apiKey, fetch }).catch((error: unknown) => error)
if (!(wrong instanceof RangeError)) throw wrong

const count = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] } as const
const counting: typeof globalThis.fetch = () =>
  Promise.resolve(Response.json({ ...message, content: [{ type: "text", text: '{"n": 3}' }] }))
const counted = await run({
  asks: { a: Ask.object<{ readonly n: number }>("How many?", count) },
  apiKey,
  fetch: counting
})
if (counted.answers.a.n !== 3) throw new Error(JSON.stringify(counted.answers))

const proposal = { questions: [{ name: "how", question: "How?", dependsOn: [] }], instruction: "Fold" }
const planning: typeof globalThis.fetch = () =>
  Promise.resolve(Response.json({ ...message, content: [{ type: "text", text: JSON.stringify(proposal) }] }))
const { asks, synthesis } = await Plan.fromTopic("A topic", { asks: 2, apiKey, fetch: planning })
const planned = await run({ asks, synthesis, apiKey, fetch })
const written: string = planned.document
if (planned.answers["how"] !== "An answer." || written !== "An answer.") throw new Error(written)
console.log("run without Effect")

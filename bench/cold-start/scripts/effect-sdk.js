import Anthropic from "@anthropic-ai/sdk"
import { Effect } from "effect"
import { bodyOf, measure, questions } from "./measure.js"

const client = new Anthropic()
const ask = (question) => Effect.tryPromise((signal) => client.messages.create(bodyOf(question), { signal }))
await measure(() => Effect.runPromise(Effect.forEach(questions, ask, { concurrency: "unbounded" })))

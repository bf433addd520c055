import Anthropic from "@anthropic-ai/sdk"
import { bodyOf, measure, questions } from "./measure.js"

const client = new Anthropic()
await measure(() => Promise.all(questions.map((question) => client.messages.create(bodyOf(question)))))

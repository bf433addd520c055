import Anthropic from "@anthropic-ai/sdk"
import pLimit from "p-limit"
import { bodyOf, measure, questions } from "./measure.js"

const client = new Anthropic()
await measure(() => {
  const limit = pLimit(questions.length)
  return Promise.all(questions.map((question) => limit(() => client.messages.create(bodyOf(question)))))
})

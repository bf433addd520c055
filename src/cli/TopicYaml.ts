/** Writes a plan that was made of a topic as YAML to read and edit: its comments say what was joined and left out. */
import { Document, isMap, isScalar, type YAMLMap } from "yaml"
import { plural } from "../options/NumberText.ts"
import type { TopicPlan } from "../pipeline/Plan.ts"
import { inert, inertDocument } from "../report/TerminalText.ts"

/** `contextFile`: the path of the document, as the plan names it. `simulated`: no model was asked. */
export interface About {
  readonly contextFile: string | undefined
  readonly simulated: boolean
}

/** Longest text of a comment, in characters. */
const maxComment = 200

const comment = (text: string): string => {
  const line = inert(text.replace(/\s+/g, " ").trim())
  return ` ${line.length > maxComment ? `${line.slice(0, maxComment)}…` : line}`
}

/** Columns of a line, but for words that are longer. */
const lineWidth = 110

/** The plan as YAML. Its texts come back as they are when it is read, but for what could change a terminal. */
export const toYaml = (plan: TopicPlan, { contextFile, simulated }: About): string => {
  const { left, questions, synthesis, topic } = plan
  const document = new Document({
    ...(contextFile !== undefined && { context: { file: contextFile } }),
    asks: Object.fromEntries(questions.map(({ name, question }) => [name, inertDocument(question)])),
    synthesis: { instruction: inertDocument(synthesis.instruction), citations: true }
  })
  document.commentBefore = [
    `Made of the topic: ${topic}`,
    ...(simulated ? ["Simulated: no model has made these questions"] : []),
    ...left.map((question) => `Left out, beyond the number asked for: ${question}`)
  ]
    .map(comment)
    .join("\n")
  const asks = document.get("asks")
  if (isMap(asks)) addNotes(asks, plan)
  return document.toString({ lineWidth })
}

const addNotes = ({ items }: YAMLMap, { questions }: TopicPlan): void => {
  questions.forEach((question, index) => {
    const key = items[index]?.key
    const notes = notesOf(question)
    if (isScalar(key) && notes.length > 0) key.commentBefore = notes.map(comment).join("\n")
  })
}

/** What was joined to an ask, and what was left out because of it. */
export const notesOf = ({ duplicates, joined }: TopicPlan["questions"][number]): ReadonlyArray<string> => [
  ...(joined.length > 1
    ? [
        `Joined of ${plural(joined.length, "question", "questions")}, as one needs the answer to another: ${joined.join(" | ")}`
      ]
    : []),
  ...duplicates.map((duplicate) => `Another question is left out, as it asks nearly the same: ${duplicate}`)
]

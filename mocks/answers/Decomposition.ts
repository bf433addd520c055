/** The answer to a request that decomposes a topic: questions by aspects, one of them twice in other words, and one that needs another. */
import type { Prompt } from "./Prompt.ts"

/** A name, and the question; `{}` stands for the topic. */
const aspects: ReadonlyArray<readonly [name: string, question: string]> = [
  ["basics", "What must somebody know first about “{}”?"],
  ["options", "Which options are there for “{}”, and what sets them apart?"],
  ["cost", "What does “{}” cost, item by item, and what drives the price?"],
  ["timing", "How is the time for “{}” best divided, and what must be arranged early?"],
  ["risks", "What goes wrong most often with “{}”, and how is it avoided?"],
  ["people", "Who is affected by “{}”, and what does each of them need?"],
  ["sources", "Which figures and sources on “{}” can be trusted, and how old are they?"],
  ["next_steps", "What are the first three steps towards “{}”?"]
]

const maxTopic = 120

/** `undefined` where the request is another one. */
export const write = ({ user }: Prompt): object | undefined => {
  const [, count] = /^Decompose this topic into (one question|at most \d+ questions) that can be/m.exec(user) ?? []
  if (count === undefined) return undefined
  const limit = Number(/\d+/.exec(count)?.[0] ?? 1)
  const given = /<question>\n([\s\S]*?)\n<\/question>/.exec(user)?.[1] ?? "the topic"
  const line = given.replaceAll(/\s+/g, " ").trim()
  const topic = line.length > maxTopic ? `${line.slice(0, maxTopic).trimEnd()}…` : line
  const questions = Array.from({ length: limit }, (_, index) => {
    const [name, question] = aspects[index % aspects.length]!
    const round = Math.floor(index / aspects.length)
    const text = question.replace("{}", topic)
    return {
      name,
      question: round === 0 ? text : `In place ${round + 1} on earth: ${text}`,
      dependsOn: [] as Array<number>
    }
  })
  const first = questions[0]!
  return {
    questions:
      limit < 3
        ? questions
        : [
            ...questions,
            {
              ...first,
              question: first.question.replace("What must somebody know first", "What must somebody first know")
            },
            { name: "sum", question: "What do these costs add up to for four people?", dependsOn: [3] }
          ],
    instruction: `Write a guide to “${topic}” for somebody who decides this week: the answer first, then the reasons.`
  }
}

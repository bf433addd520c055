/** The answer to a request that looks for what findings leave open: a question on each of the first two, and none in a later round. */
import type { Prompt } from "./Prompt.ts"

const most = 2

/** `undefined` where the request is another one. */
export const write = ({ findings, user }: Prompt): object | undefined => {
  const [, count] = /^Name (the one question|at most \d+ questions) that the findings leave open/m.exec(user) ?? []
  if (count === undefined) return undefined
  if (findings.some(({ name }) => /^round\d/.test(name))) return { questions: [] }
  const limit = Math.min(most, Number(/\d+/.exec(count)?.[0] ?? 1))
  return {
    questions: findings.slice(0, limit).map(({ name, question }) => ({
      name,
      question: `Which figure, from which source and year, supports the answer on ${name}: “${question.slice(0, 120)}”`
    }))
  }
}

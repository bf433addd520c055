/** The answer to a request that joins several answers to the same question: it counts those whose first sentence is the same. */
import type { Prompt } from "./Prompt.ts"
import { sentences } from "./WrittenSynthesis.ts"

const vote = /<answer number="(\d+)">\n([\s\S]*?)\n<\/answer>/g

/** `undefined` where the request is another one. */
export const write = ({ user }: Prompt): object | undefined => {
  if (!user.includes("answers to the same question, each given without knowledge of the others.")) return undefined
  const groups = new Map<string, Array<{ readonly number: number; readonly text: string }>>()
  for (const [, number, text = ""] of user.matchAll(vote)) {
    const key = (sentences(text)[0] ?? text).toLowerCase()
    groups.set(key, [...(groups.get(key) ?? []), { number: Number(number), text }])
  }
  const [most = [], ...others] = [...groups.values()].toSorted((a, b) => b.length - a.length)
  return {
    answer: most[0]?.text ?? "",
    agreeing: most.map(({ number }) => number),
    dissent: others.map((group) => ({
      votes: group.map(({ number }) => number),
      text: sentences(group[0]!.text)[0] ?? group[0]!.text
    }))
  }
}

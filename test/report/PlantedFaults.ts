/** Plants faults in cited documents of seeded answers, and counts which of them the verification finds. */
import { Effect } from "effect"
import * as SeededRandom from "../../mocks/time/SeededRandom.ts"
import * as CitedMarkdown from "../../src/report/CitedMarkdown.ts"
import * as Proof from "../../src/report/Proof.ts"
import * as Verify from "../../src/report/Verify.ts"

const makers = ["Daikin", "Bosch", "Vaillant", "Carrier", "Panasonic", "Mitsubishi"]
const words = ["patience", "haste", "habit", "price", "trust", "silence", "weather", "law"]

/** What is planted, and what must be said of it. */
export const kinds = {
  "wrong mark": /is the name of no finding/,
  "missing mark": /^no mark/,
  "mark of a gap": /has no answer, so nothing/,
  "invented quote": /^no answer says/,
  "changed number": /^no answer has the number/,
  "tampered answer": /is not the one of the run/
} as const
export type Kind = keyof typeof kinds

/** The number of complaints about a clean document, its statements, and which planted faults were found. */
export const play = (seed: number) =>
  Effect.gen(function* () {
    const random = SeededRandom.make(seed, 0, 1)
    const pick = (list: ReadonlyArray<string>, what: string) => list[Math.floor(random.uniform(what) * list.length)]!
    const facts = Array.from({ length: 5 }, (_, n) => {
      const [maker, share] = [pick(makers, `maker ${n}`), 2 + Math.floor(random.uniform(`share ${n}`) * 90) + n * 100]
      const quote = `a matter of ${pick(words, `first ${n}`)} and of ${pick(words, `second ${n}`)}`
      return {
        name: `ask${n}`,
        number: `${share}`,
        quote,
        text: `In its market ${maker} sold ${share} machines and called it “${quote}”`
      }
    })
    const answers = Object.fromEntries(facts.map(({ name, text }) => [name, `${text}. Other figures are not known.`]))
    const clean = `# Study\n\n${facts.map(({ name, text }) => `${text} [${name}].`).join(" ")}`
    const proofOf = (file: string) =>
      Proof.make({ answers, gaps: [{ name: "lost" }], run: "r", simulated: true, spent: {} } as never, file)
    const written = (document: string) => `${CitedMarkdown.toMarkdown(document, answers, {}).join("\n\n")}\n`
    const complaints = (file: string, proof = proofOf(file)) =>
      Effect.map(Verify.verify(file, proof), ({ complaints }) => complaints.map(({ message }) => message))
    const { name, number, quote } = facts[Math.floor(random.uniform("planted") * facts.length)]!
    const planted: Record<Kind, string> = {
      "wrong mark": written(clean.replace(`[${name}]`, `[${name}x]`)),
      "missing mark": written(clean.replace(` [${name}]`, "")),
      "mark of a gap": written(clean.replace(`[${name}]`, `[${name}, lost]`)),
      "invented quote": written(clean.replace(quote, "a matter of nothing but of money")),
      "changed number": written(clean.replace(` ${number} `, ` ${Number(number) + 1000} `)),
      "tampered answer": written(clean)
    }
    const found: Array<Kind> = []
    for (const [kind, expected] of Object.entries(kinds) as ReadonlyArray<[Kind, RegExp]>) {
      const file = planted[kind]
      const told =
        kind === "tampered answer"
          ? yield* complaints(file.replace(/> In its market \w+/, "> In its market Nobody"), proofOf(file))
          : yield* complaints(file)
      if (told.some((message) => expected.test(message))) found.push(kind)
    }
    return { alarms: (yield* complaints(written(clean))).length, statements: facts.length, found }
  })

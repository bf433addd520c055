import { assert, describe, it } from "@effect/vitest"
import { examples, mockClaude } from "fanfold/mocks"
import { ask, synthesisPrompt as prompt, textOf } from "../ask.ts"

const plans = [
  {
    synthesis: "Write a travel guide to Lisbon for a first visit of three days.",
    title: "# Lisbon in three days",
    asks: {
      attractions: "Which attractions in Lisbon are worth a first visit, and why?",
      transportation: "How does a visitor get around Lisbon, and what does it cost?",
      culture: "Which customs, food and music should a visitor to Lisbon know?"
    }
  },
  {
    synthesis: "Should we enter the EU heat-pump market? Weigh market, rivals and rules, and give a verdict.",
    title: "# Should we enter the EU heat-pump market?",
    asks: {
      market: "How large is the EU heat-pump market, and how fast does it grow?",
      rivals: "Who are the five largest makers of heat pumps in Europe, and what sets each apart?",
      rules: "Which EU rules for heat pumps change before 2028?"
    }
  },
  {
    synthesis: "Recommend one queue for a team of five, with reasons and the risks.",
    title: "# One queue for a team of five",
    asks: {
      postgres: "How well does PostgreSQL fit as a job queue for 1,000 jobs a second?",
      redis: "How well do Redis Streams fit as a job queue for 1,000 jobs a second?",
      kafka: "How well does Kafka fit as a job queue for 1,000 jobs a second?"
    }
  }
] as const

const words = (text: string): number => text.split(/\s+/).length
const question = async (text: string): Promise<string> =>
  textOf(await ask(mockClaude({ scenario: examples }).fetch, text, { max_tokens: 8000 }))

const headings = (text: string): ReadonlyArray<string> => text.match(/^## .*$/gm) ?? []

describe.each(plans)("$synthesis", ({ asks, synthesis, title }) => {
  it("has an answer of 120 to 200 words to each question, and a document of 400 to 600 from them", async () => {
    const answers: Record<string, string> = {}
    for (const [name, text] of Object.entries(asks)) {
      answers[name] = await question(text)
      const count = words(answers[name])
      assert.isTrue(count >= 120 && count <= 200, `${name}: ${count} words`)
    }
    const document = await question(prompt(synthesis, answers))
    assert.isTrue(document.startsWith(title))
    assert.isTrue(words(document) >= 400 && words(document) <= 600, `${words(document)} words`)
    for (const answer of Object.values(answers)) {
      const used = answer.split(/(?<=\.) /).filter((sentence) => document.includes(sentence))
      assert.isAtLeast(used.length, 2, "sentences of each answer stand in the document")
    }
  })

  it("shows an unexpected answer and a gap, and writes no section for a lost finding", async () => {
    const [kept, lost, failed] = Object.keys(asks) as [string, string, string]
    const document = await question(prompt(synthesis, { [kept]: "Only this was found. It is marked ZEBRA." }, [failed]))
    const whole = await question(prompt(synthesis, { [kept]: "a", [lost]: "b", [failed]: "c" }))
    assert.include(document, "ZEBRA")
    assert.include(document, `**${failed}** has no answer`)
    assert.strictEqual(headings(whole).length, headings(document).length + 1)
  })
})

describe("the example answers", () => {
  it("do not match an ask whose text is that of a synthesis, nor the reverse", async () => {
    const asked = await question("Write a travel guide to Lisbon for a first visit of three days.")
    assert.notInclude(asked, "# Lisbon in three days")
    const folded = await question(prompt("Compare the attractions of Lisbon.", { attractions: "ZEBRA." }))
    assert.notInclude(folded, "Five places")
    assert.include(folded, "ZEBRA")
  })

  it("are searched for a long question in a time that grows with its length", async () => {
    for (const piece of ["which words, ", "a", "x\n", '{"a": [1]}, ']) {
      assert.include(await question(piece.repeat(800_000 / piece.length)), "Simulated")
    }
  })
})

/** The same without Effect: a script that awaits its answers. Needs ANTHROPIC_API_KEY: `node examples/promise.ts`. */
import { run } from "fanfold/promise"

const { answers, document, gaps } = await run({
  asks: {
    attractions: "Which attractions in Lisbon are worth a first visit, and why?",
    transportation: "How does a visitor get around Lisbon, and what does it cost?",
    culture: "Which customs, food and music should a visitor to Lisbon know?"
  },
  synthesis: "Write a travel guide to Lisbon for a first visit of three days.",
  policy: "best-effort",
  signal: AbortSignal.timeout(10 * 60_000),
  onEvent: (event) => event._tag === "Answered" && console.error(`${event.ask}: ${event.durationMillis} ms`)
})

for (const { message, name } of gaps) console.error(`No answer: ${name}: ${message}`)
console.error(
  `The shortest answer has ${Math.min(...Object.values(answers).map((text) => text?.length ?? 0))} characters`
)
console.log(document)

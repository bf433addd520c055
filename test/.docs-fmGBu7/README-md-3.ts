import { run } from "fanfold/promise"

const { answers, document } = await run({
  asks: {
    attractions: "Which attractions in Lisbon are worth a first visit, and why?",
    transportation: "How does a visitor get around Lisbon, and what does it cost?"
  },
  synthesis: "Write a travel guide to Lisbon for a first visit of three days."
})
console.log(answers.transportation.length, document)

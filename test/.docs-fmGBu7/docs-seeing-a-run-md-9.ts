import { run } from "fanfold/promise"

const { document } = await run({
  asks: { shade: "What grows in shade?", may: "What is in season in May?" },
  synthesis: "Plan my garden.",
  otlp: {}
})
console.log(document)

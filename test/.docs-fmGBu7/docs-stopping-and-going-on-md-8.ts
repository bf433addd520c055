import { run } from "fanfold/promise"

const { document, spent } = await run({
  asks: { shade: "What grows in shade?", may: "What is in season in May?" },
  synthesis: "Plan my garden.",
  journal: {},
  reuse: "always"
})
console.log(document, spent.asks["shade"]?.reused?.paidAt ?? "paid now")

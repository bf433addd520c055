import { run } from "fanfold/promise"

const attempts: Array<string> = []
await run({
  asks: { shade: "What grows in shade?", may: "What is in season in May?" },
  onEvent: (event) => event._tag === "Replied" && attempts.push(`${event.ask}: ${event.durationMillis} ms`)
})
console.log(attempts.join("\n"))

/**
 * Serves one mock over HTTP, named by the first argument, with a latency of as many milliseconds as the second says. Prints its URL, then for each line of its standard input the processor
 * time that it has used, in microseconds. Exits when its standard input ends, and so with its parent.
 */
import { createInterface } from "node:readline"
import { LLMock } from "@copilotkit/aimock"
import { latency, mockClaude } from "fanfold/mocks"
import type { Contender } from "./Pace.ts"

/** As long as the simulated answers of fanfold's mock. */
const content =
  "Simulated answer to “Question 1000?” Three points matter here, and none of them stands alone. Figures differ between sources, so treat any single number with care. Costs come first in most accounts, and time comes close behind."

const [name, millis] = [process.argv[2] as Contender, Number(process.argv[3])]

const start: Readonly<Record<Contender, () => Promise<string>>> = {
  fanfold: async () =>
    (await mockClaude({ seed: 1, ...(millis > 0 && { latency: latency.fixed(millis) }) }).serve()).url,
  aimock: () => new LLMock({ port: 0, host: "127.0.0.1", logLevel: "silent" }).onMessage(/./, { content }).start()
}

console.log(await start[name]())
createInterface(process.stdin)
  .on("line", () => {
    const { system, user } = process.cpuUsage()
    console.log(system + user)
  })
  .on("close", () => process.exit())

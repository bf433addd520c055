/** What the scripts share: `node SCRIPT N` asks N questions in a first run, and again in a second one. */

export const questions = Array.from(
  { length: Number(process.argv[2]) },
  (_, n) => `What is the answer to question ${n}?`
)

/** The request of a script with the SDK. */
export const bodyOf = (content) => ({
  model: "claude-haiku-5-5",
  max_tokens: 4096,
  messages: [{ role: "user", content }]
})

/** Runs `run` twice, and prints `Process.Printed` as JSON: the end of the first run, and its costs, before the second starts. */
export const measure = async (run) => {
  await run()
  const endedAtMillis = Number(process.hrtime.bigint()) / 1e6
  const { system, user } = process.cpuUsage()
  const peakMegabytes = process.resourceUsage().maxRSS / 1024
  const startedAt = performance.now()
  await run()
  const warmMillis = performance.now() - startedAt
  console.log(JSON.stringify({ endedAtMillis, cpuMillis: (system + user) / 1000, peakMegabytes, warmMillis }))
  process.exit()
}

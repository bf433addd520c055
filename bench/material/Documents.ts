/** Many questions over one PDF, asked by the built command line: what is written to the prompt cache, what is read, and what the input costs. */
import { spawn } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Message, Price } from "fanfold"
import { bin } from "../harness/Build.ts"
import { pdfOf } from "./PdfFile.ts"

/** `coldUsd`: the input of the same requests, each of which writes the PDF to the cache, as all do that are sent together. */
export interface Asked {
  readonly model: string
  readonly writes: number
  readonly reads: number
  readonly inputTokens: number
  readonly inputUsd: number
  readonly coldUsd: number
}

const words =
  "The supplier shall deliver the goods of this order within the time that is agreed, at its own risk, and with all papers that customs ask for. "

/** Writes the PDF with so many pages of text, and a plan with so many questions about it. */
export const prepare = (folder: string, pages: number, questions: number): void => {
  const texts = Array.from({ length: pages }, (_, index) => `# Clause ${index + 1}\n${words.repeat(14)}`)
  writeFileSync(join(folder, "contract.pdf"), pdfOf(texts))
  const asks = Array.from({ length: questions }, (_, index) => [
    `q${index + 1}`,
    `What does clause ${index + 1} say of risk?`
  ])
  writeFileSync(
    join(folder, "documents.json"),
    JSON.stringify({ context: { file: "contract.pdf" }, asks: Object.fromEntries(asks) })
  )
}

const run = (args: ReadonlyArray<string>, folder: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const env = { PATH: process.env["PATH"] ?? "", HOME: folder, TMPDIR: folder, XDG_STATE_HOME: folder }
    const child = spawn(process.execPath, [bin, ...args], { cwd: folder, env, stdio: ["ignore", "ignore", "inherit"] })
    child.on("error", reject)
    child.on("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`fanfold ${args.join(" ")} ended with ${code}`))
    )
  })

interface Report {
  readonly spent: { readonly asks: Readonly<Record<string, { readonly usage: Message.Usage }>> }
}

/** Runs the plan with a model. */
export const ask = async (folder: string, model: string): Promise<Asked> => {
  await run(["run", "documents.json", "--offline", "--fresh", "--quiet", "--model", model, "-o", "asked.json"], folder)
  const { spent } = JSON.parse(readFileSync(join(folder, "asked.json"), "utf8")) as Report
  const usages = Object.values(spent.asks).map(({ usage }) => ({ ...usage, outputTokens: 0 }))
  const usd = (usage: Message.Usage): number => Price.usdOf(model, usage, {}) ?? Number.NaN
  const cold = usages.map((usage) => ({
    ...usage,
    cacheCreationInputTokens: usage.cacheCreationInputTokens + usage.cacheReadInputTokens,
    cacheReadInputTokens: 0
  }))
  const sum = (all: ReadonlyArray<Message.Usage>): number => all.reduce((total, usage) => total + usd(usage), 0)
  return {
    model,
    writes: usages.filter(({ cacheCreationInputTokens: tokens }) => tokens > 0).length,
    reads: usages.filter(({ cacheReadInputTokens: tokens }) => tokens > 0).length,
    inputTokens: usages.reduce((total, usage) => total + Message.inputTokensOf(usage), 0),
    inputUsd: sum(usages),
    coldUsd: sum(cold)
  }
}

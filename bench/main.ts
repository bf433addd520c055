/** `npm run bench` runs every question in a process of its own, `npm run bench -- NAME` one of them, `--quick` small. */
import { spawnSync } from "node:child_process"
import { readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"

const folder = new URL("./", import.meta.url)
const questions = readdirSync(folder)
  .filter((file) => /^[a-z-]+\.ts$/.test(file) && file !== "main.ts")
  .map((file) => file.replace(/\.ts$/, ""))

const flags = process.argv.slice(2).filter((word) => word.startsWith("--"))
const wanted = process.argv.slice(2).filter((word) => !word.startsWith("--"))
const unknown = wanted.filter((name) => !questions.includes(name))
if (unknown.length > 0) {
  console.error(`No such benchmark: ${unknown.join(", ")}. There are: ${questions.join(", ")}`)
  process.exit(2)
}
for (const name of wanted.length > 0 ? wanted : questions) {
  console.log(`\n${name}`)
  const file = fileURLToPath(new URL(`${name}.ts`, folder))
  const { status } = spawnSync(process.execPath, ["--conditions=source", file, ...flags], { stdio: "inherit" })
  if (status !== 0) process.exit(status ?? 1)
}

/** Makes `examples/report.png`: the top and the timeline of the page that `npm start -- -o report.html` writes, side by side. */
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { chromium } from "playwright-core"

const root = resolve(import.meta.dirname, "..")
const folder = mkdtempSync(join(tmpdir(), "fanfold-picture-"))
const report = join(folder, "report.html")
const plan = "examples/travel-guide.yaml"
execFileSync(
  process.execPath,
  ["--conditions=source", "src/bin.ts", "run", plan, "--offline", "--no-journal", "-o", report],
  {
    cwd: root,
    stdio: "inherit"
  }
)

const height = 640
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] })
const page = await browser.newPage({ viewport: { width: 760, height }, colorScheme: "light" })
await page.goto(pathToFileURL(report).href)
await page.waitForSelector("html[data-ready]")
const top = await page.screenshot()
await page.evaluate(() => document.querySelector("#timeline")?.scrollIntoView({ behavior: "instant" }))
const timeline = await page.screenshot()
const sheet = await browser.newPage({ viewport: { width: 1560, height: height + 40 }, colorScheme: "light" })
const image = (png: Buffer) => `<img src="data:image/png;base64,${png.toString("base64")}">`
await sheet.setContent(
  `<style>body{margin:0;padding:20px;display:flex;gap:20px;background:#e9e7e1}img{width:740px;border-radius:8px}</style>${image(top)}${image(timeline)}`
)
writeFileSync(join(root, "examples/report.png"), await sheet.screenshot())
await browser.close()
rmSync(folder, { recursive: true, force: true })

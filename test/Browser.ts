/** A real browser for the tests of a file, which goes with them. They are skipped where Chromium is not installed. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { afterAll, beforeAll } from "@effect/vitest"
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core"

/** Where Debian's package `chromium` puts it. */
const executable = "/usr/bin/chromium"

export const isInstalled = existsSync(executable)

if (!isInstalled) console.log("Chromium is not installed: the tests of pages in a browser are skipped")

/** A page that is open, and what it did that no page may do. */
export interface Opened {
  readonly page: Page
  /** Addresses of all requests but that for the page itself; dialogs; errors of scripts and violations of its policy. */
  readonly misdeeds: Array<string>
}

/** Opens HTML from the disk, as whoever got it by mail does. */
export const browser = () => {
  let running: Browser | undefined
  let folder = ""
  let files = 0
  if (isInstalled) {
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "fanfold-page-"))
      running = await chromium.launch({ executablePath: executable, args: ["--no-sandbox"] })
    }, 60_000)
    afterAll(async () => {
      await running?.close()
      rmSync(folder, { recursive: true, force: true })
    }, 60_000)
  }
  return async (html: string, options: BrowserContextOptions = {}): Promise<Opened> => {
    const file = join(folder, `${files++}.html`)
    writeFileSync(file, html)
    const context = await running!.newContext({ viewport: { width: 1200, height: 900 }, ...options })
    const page = await context.newPage()
    const misdeeds: Array<string> = []
    const url = pathToFileURL(file).href
    page.on("request", (request) => void (request.url() !== url && misdeeds.push(`request ${request.url()}`)))
    page.on("popup", () => void misdeeds.push("popup"))
    page.on("pageerror", ({ message }) => void misdeeds.push(`error ${message}`))
    page.on("console", (message) => void (message.type() === "error" && misdeeds.push(`console ${message.text()}`)))
    page.on("dialog", (dialog) => {
      misdeeds.push(`dialog ${dialog.message()}`)
      void dialog.dismiss()
    })
    await page.goto(url)
    if (options.javaScriptEnabled !== false) await page.waitForSelector("html[data-ready]")
    return { page, misdeeds }
  }
}

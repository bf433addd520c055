/** A page as its reader has it: how soon it is usable in headless Chromium, and how even its timeline scrolls. */
import { existsSync } from "node:fs"
import { pathToFileURL } from "node:url"
import { chromium } from "playwright-core"

const executablePath = "/usr/bin/chromium"

export const isPossible = existsSync(executablePath)

export interface Reading {
  /** From the start of the navigation until all is drawn and answers to keys. */
  readonly usableMillis: number
  /** The longest time between two frames while the whole list goes by, and the 95th percentile. */
  readonly worstFrameMillis: number
  readonly p95FrameMillis: number
}

/** Frames in which the list is scrolled from its beginning to its end. */
const frames = 240

/** Each reading is of a fresh context of one browser. */
export const read = async (file: string, rounds: number): Promise<ReadonlyArray<Reading>> => {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] })
  const readings: Array<Reading> = []
  for (let round = 0; round < rounds; round++) {
    const context = await browser.newContext({ viewport: { width: 1200, height: 900 } })
    const page = await context.newPage()
    await page.goto(pathToFileURL(file).href)
    await page.waitForSelector("html[data-ready]")
    const usableMillis = await page.evaluate(() => performance.getEntriesByName("usable")[0]!.startTime)
    for (const lane of await page.locator("button.lane").all()) await lane.click()
    const gaps = await page.evaluate(async (frames) => {
      const list = document.querySelector(".rows")!
      list.scrollIntoView()
      const gaps: Array<number> = []
      let before = await new Promise<number>((done) => requestAnimationFrame(done))
      for (let frame = 1; frame <= frames; frame++) {
        list.scrollTop = (list.scrollHeight * frame) / frames
        const now = await new Promise<number>((done) => requestAnimationFrame(done))
        gaps.push(now - before)
        before = now
      }
      return gaps.toSorted((a, b) => a - b)
    }, frames)
    readings.push({
      usableMillis,
      worstFrameMillis: gaps.at(-1)!,
      p95FrameMillis: gaps[Math.floor(gaps.length * 0.95)]!
    })
    await context.close()
  }
  await browser.close()
  return readings
}

/** Plants contradictions in simulated typed and prose answers, and counts which of them a run finds, and what that costs. */
import { Schema } from "effect"
import { mockClaude } from "fanfold/mocks"
import { Ask, run, Synthesis } from "fanfold/promise"

/** What five pairs of fields say against each other, by two schemas that share a field. */
const fields: ReadonlyArray<readonly [key: string, other: string, one: unknown, two: unknown, agreeing: unknown]> = [
  ["growthPercent", "growth_rate", 12, "17 %", "12.3 %"],
  ["marketVolumeEuro", "marketVolume", 14_000_000_000, "9 to 11 billion euros", "about 14 billion euros"],
  ["inForceDate", "inForceDate", "2027-01-01", "March 2028", "2027"],
  ["rangeKm", "range", 310, "260 km", "310,000 m"],
  ["needsPermit", "needsPermit", true, "no", "yes"]
]

/** What five pairs of prose say against each other. */
const prose: ReadonlyArray<readonly [subject: string, one: string, two: string]> = [
  ["growth a year", "The market grows by 8 percent a year", "Growth has settled at 3 percent a year"],
  ["machines sold", "Some 2.2 million machines are sold a year", "Sales have reached 3 million machines a year"],
  ["who leads", "Daikin leads the market", "Bosch is ahead of all other makers"],
  ["end of grants", "The grant ends in 2026", "The grant is paid until 2029"],
  ["permits", "No permit is needed in towns", "In towns a permit is needed first"]
]

const filler = [
  "Costs come first in most accounts, and time comes close behind.",
  "A careful reader would check the date of each source before building on it.",
  "Most people who know the field would begin with the ordinary case.",
  "What is true of the whole is not always true of its parts.",
  "The trend of the last years points one way, though it could turn."
]

/** An answer of about 220 words with one sentence of its own. */
const around = (sentence: string, n: number): string =>
  [
    ...Array.from({ length: 9 }, (_, i) => filler[(n + i) % 5]),
    `${sentence}.`,
    ...Array.from({ length: 9 }, (_, i) => filler[(n + 2 * i) % 5])
  ].join(" ")

export interface Found {
  readonly planted: number
  readonly found: number
  /** Contradictions that were reported and not planted. */
  readonly falseAlarms: number
  readonly comparisonUsd: number
  readonly totalUsd: number
}

/** One run of ten typed and ten prose answers, with as many contradictions as half of them; `isClean`: with none. */
const playOne = async (n: number, isClean: boolean): Promise<Found> => {
  const mock = mockClaude({
    seed: n,
    scenario: {
      contradictions: prose.map(([subject, one, two], i) => ({
        subject: `${subject} ${n}`,
        statements: { [`prose${2 * i}`]: one, [`prose${2 * i + 1}`]: two }
      }))
    }
  })
  const asks: Record<string, Ask.Ask<any>> = {}
  const add = (name: string, key: string | undefined, answer: unknown) => {
    const question = `Question ${name} of run ${n}?`
    asks[name] =
      key === undefined
        ? Ask.text(question)
        : Ask.object(question, Schema.Struct({ [key]: Schema.Unknown, note: Schema.String, [name]: Schema.Boolean }))
    const reply = key === undefined ? String(answer) : { [key]: answer, note: filler[n % 5], [name]: true }
    mock.when({ part: "ask", user: question }).reply(reply)
  }
  fields.forEach(([key, other, one, two, agreeing], i) => {
    add(`typed${2 * i}`, key, one)
    add(`typed${2 * i + 1}`, other, isClean ? agreeing : two)
  })
  prose.forEach(([, one, two], i) => {
    add(`prose${2 * i}`, undefined, around(one, n + i))
    add(`prose${2 * i + 1}`, undefined, around(isClean ? one : two, n + i + 1))
  })
  const { contradictions, estimatedCostUsd, spent } = await run({
    asks,
    synthesis: Synthesis.text("Say what is known, and settle what is not.", { contradictions: "warn" }),
    fetch: mock.fetch,
    apiKey: "offline"
  })
  const pairs = new Set(
    contradictions.map(({ statements }) =>
      statements
        .map(({ ask }) => ask)
        .toSorted()
        .join(" ")
    )
  )
  const planted = isClean
    ? []
    : ["typed", "prose"].flatMap((kind) => Array.from({ length: 5 }, (_, i) => `${kind}${2 * i} ${kind}${2 * i + 1}`))
  const found = planted.filter((pair) => pairs.has(pair)).length
  const comparisons = Object.values(spent.comparisons ?? {})
  return {
    planted: planted.length,
    found,
    falseAlarms: pairs.size - found,
    comparisonUsd: comparisons.reduce((sum, { estimatedCostUsd: usd }) => sum + (usd ?? 0), 0),
    totalUsd: estimatedCostUsd ?? 0
  }
}

/** `runs` runs, each with ten planted contradictions, half of them in fields. */
export const play = async (runs: number, isClean = false): Promise<Found> => {
  const all: Array<Found> = []
  for (let n = 1; n <= runs; n++) all.push(await playOne(n, isClean))
  const sum = (key: keyof Found): number => all.reduce((total, each) => total + each[key], 0)
  return {
    planted: sum("planted"),
    found: sum("found"),
    falseAlarms: sum("falseAlarms"),
    comparisonUsd: sum("comparisonUsd"),
    totalUsd: sum("totalUsd")
  }
}

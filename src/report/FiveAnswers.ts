/** Answers in words what people ask of a run first. No Effect: the page's script has it too. */
import { roundedText } from "../options/DurationText.ts"
import { numberText, plural } from "../options/NumberText.ts"
import { usdText } from "../options/UsdText.ts"
import { adviceOf, whyText } from "./Advice.ts"
import { aloneMillis } from "./AloneTime.ts"
import { asksOf } from "./LostFolds.ts"
import { heldText } from "./HeldText.ts"
import type { Phase } from "./Phases.ts"
import type { View } from "./View.ts"

/** A question and its answer; `command`: what to type; `isBad`: something is missing. */
export interface FiveAnswer {
  readonly question: string
  readonly answer: string
  readonly command?: string
  readonly isBad?: boolean
}

export const fiveAnswers = (view: View): ReadonlyArray<FiveAnswer> => [
  { question: "What did it find?", ...found(view) },
  { question: "What is missing?", ...missing(view) },
  { question: "Where did the time go?", answer: time(view) },
  { question: "What did it cost?", answer: cost(view) },
  { question: "What should be asked again?", ...again(view) }
]

const answeredOf = ({ asks }: View): number => asks.filter(({ status }) => status === "answered").length

/** Those that were answered, and are not in the document. */
const unfoldedOf = ({ asks, lostFolds = [] }: View): number => {
  const lost = new Set(asksOf(lostFolds))
  return asks.filter(({ name, status }) => status === "answered" && lost.has(name)).length
}

const answersText = (count: number, of: number): string =>
  count === of ? plural(count, "answer", "answers") : `${numberText(count)} of ${plural(of, "answer", "answers")}`

const found = (view: View): Pick<FiveAnswer, "answer" | "isBad"> => {
  const { asks, document, error, state, synthesis } = view
  const answered = answeredOf(view)
  const answers = answersText(answered, asks.length)
  const folded = answersText(answered - unfoldedOf(view), asks.length)
  if (typeof document === "string")
    return { answer: `A document of ${plural(wordsOf(document), "word", "words")}, made of ${folded}.` }
  if (document !== null && document !== undefined) return { answer: `A structured result, made of ${folded}.` }
  if (synthesis?.status === "failed") {
    return {
      answer: `${answers}, but no document: the synthesis failed: ${synthesis.message ?? error ?? ""}`,
      isBad: true
    }
  }
  if (state === "under way") return { answer: `${answers} so far; the run is under way.` }
  if (error !== null) return { answer: `${answers}, and no document, as the run failed: ${error}`, isBad: true }
  return {
    answer:
      state === "unfinished"
        ? `${answers}, and no document, as the run did not end.`
        : `${answers}; no synthesis was asked for.`
  }
}

const wordsOf = (text: string): number => text.split(/\s+/u).filter((word) => word !== "").length

/** Reasons of asks that have not ended. */
const open: ReadonlySet<string> = new Set(["NotAsked", "NotAnswered"])

/** What is missing for good, as far as that is known: while the run goes on, an ask that has not ended is no gap. */
export const lostOf = ({ gaps, state }: Pick<View, "gaps" | "state">): View["gaps"] =>
  state === "under way" ? gaps.filter(({ reason }) => !open.has(reason)) : gaps

const countOf = (gaps: View["gaps"]): number => gaps.reduce((sum, { names }) => sum + names.length, 0)

const missingSoFar = (view: View): Pick<FiveAnswer, "answer" | "isBad"> => {
  const lost = lostOf(view)
  const openCount = countOf(view.gaps) - countOf(lost)
  const notYet = openCount === 0 ? "" : `${plural(openCount, "ask has", "asks have")} no answer yet`
  const folds = unfoldedText(view)
  if (lost.length === 0 && folds !== "")
    return { answer: `${folds}${notYet === "" ? "" : `; ${notYet}`}.`, isBad: true }
  if (lost.length === 0) return { answer: notYet === "" ? "Nothing so far." : `Nothing so far; ${notYet}.` }
  return { answer: `${joined([reasonsText(lost), folds])}${notYet === "" ? "" : `; ${notYet}`}.`, isBad: true }
}

const reasonsText = (gaps: View["gaps"]): string =>
  gaps
    .map(({ message, names, reason }) => `${numberText(names.length)} ${whyText(reason, names.length, message)}`)
    .join("; ")

/** What the document lacks of the answers, and why; empty where it has them all. */
const unfoldedText = (view: View): string => {
  const count = unfoldedOf(view)
  if (count === 0) return ""
  const folds = view.lostFolds ?? []
  const [first] = folds
  const why =
    folds.length === 1
      ? `the fold ${first?.name} has no text: ${first?.message}`
      : `${numberText(folds.length)} folds have no text, the first, ${first?.name}: ${first?.message}`
  return `${plural(count, "answer is", "answers are")} not in the document, as ${why}`
}

const joined = (parts: ReadonlyArray<string>): string => parts.filter((part) => part !== "").join("; ")

const missing = (view: View): Pick<FiveAnswer, "answer" | "isBad"> => {
  const { asks, error, gaps, state, synthesis } = view
  if (state === "under way") return missingSoFar(view)
  const count = countOf(gaps)
  const folds = unfoldedText(view)
  if (count === 0) {
    if (folds !== "") return { answer: `${folds}.`, isBad: true }
    const isUnfolded = state === "unfinished" && synthesis !== null && synthesis.status !== "answered"
    if (isUnfolded || error !== null)
      return {
        answer: `The document: every ask is answered, but the run ${error === null ? "did not end" : "failed"}.`,
        isBad: true
      }
    return {
      answer:
        asks.length === 1
          ? "Nothing: the ask is answered."
          : `Nothing: all ${numberText(asks.length)} asks are answered.`
    }
  }
  return {
    answer: `${numberText(count)} of ${plural(asks.length, "answer", "answers")}: ${joined([reasonsText(gaps), folds])}.`,
    isBad: true
  }
}

/** What the phases of asks are called where their time is added up; what two copies did at once counts once. */
const groupsOf = (view: View): ReadonlyArray<readonly [string, ReadonlySet<Phase>]> => [
  ["Claude answering", new Set<Phase>(["sent", "answer", "plain"])],
  ["waiting for a place", new Set<Phase>(["turn"])],
  [heldText(view), new Set<Phase>(["paced"])],
  ["waiting for the prompt cache", new Set<Phase>(["warmed"])],
  ["ready, not sent yet", new Set<Phase>(["held"])],
  ["in batches", new Set<Phase>(["batch"])],
  ["failed attempts and waits after them", new Set<Phase>(["sent-failed", "answer-failed", "backoff"])]
]

/** Whole percents that sum to 100: what is left after rounding down goes to the largest remainders. */
export const percentsOf = (amounts: ReadonlyArray<number>): ReadonlyArray<number> => {
  const all = amounts.reduce((sum, amount) => sum + amount, 0)
  if (all === 0) return amounts.map(() => 0)
  const exact = amounts.map((amount) => (amount / all) * 100)
  const percents = exact.map(Math.floor)
  const left = 100 - percents.reduce((sum, percent) => sum + percent, 0)
  const byRemainder = exact.map((value, n) => [n, value - percents[n]!] as const).toSorted((a, b) => b[1] - a[1])
  for (const [n] of byRemainder.slice(0, left)) percents[n]!++
  return percents
}

/** The shares of the asks' time in percent, the largest first, of those that are 1 % or more. */
const sharesOf = (view: View): ReadonlyArray<readonly [name: string, percent: number]> => {
  const groups = groupsOf(view)
  const sums = new Map<string, number>()
  for (const { bars } of view.asks) {
    for (const [phase, , millis] of bars) {
      const name = groups.find(([, phases]) => phases.has(phase))?.[0]
      if (name === undefined) continue
      sums.set(name, (sums.get(name) ?? 0) + millis)
    }
  }
  const percents = percentsOf([...sums.values()])
  return [...sums.keys()]
    .map((name, n) => [name, percents[n]!] as const)
    .filter(([, percent]) => percent >= 1)
    .toSorted((a, b) => b[1] - a[1])
}

/** What asks and synthesis would have taken one after another, and at least: the slowest ask, then the synthesis. Milliseconds. */
export const comparedOf = ({ asks, synthesis }: Pick<View, "asks" | "synthesis">) => {
  const times = asks.flatMap((ask) => (ask.status === "answered" || ask.status === "failed" ? [aloneMillis(ask)] : []))
  const fold = synthesis === null ? 0 : aloneMillis(synthesis)
  return {
    sequentialMillis: times.reduce((sum, millis) => sum + millis, 0) + fold,
    idealMillis: times.reduce((max, millis) => Math.max(max, millis), 0) + fold
  }
}

const time = (view: View): string => {
  const { durationMillis, researchMillis, synthesis } = view
  const fold = synthesis?.durationMillis ?? 0
  const parts = fold > 0 ? `: ${roundedText(researchMillis)} asking, ${roundedText(fold)} folding` : ""
  const { sequentialMillis } = comparedOf(view)
  const hasGained = durationMillis > 0 && sequentialMillis > durationMillis
  const compared = hasGained
    ? ` One after another it would have been ${roundedText(sequentialMillis)}, ${(sequentialMillis / durationMillis).toFixed(1)} times as long.`
    : ""
  const shares = sharesOf(view).map(([name, share]) => `${share} % ${name}`)
  const spent = shares.length === 0 ? "" : ` Of the asks' time: ${shares.join(", ")}.`
  return `${roundedText(durationMillis)} in all${parts}.${compared}${spent}`
}

const cost = ({ asks, estimatedCostUsd, foreseenCostUsd, savedUsd, simulated, usage }: View): string => {
  const input = usage.inputTokens + usage.cacheCreationInputTokens + usage.cacheReadInputTokens
  const tokens = `${numberText(input)} tokens in, ${numberText(usage.outputTokens)} out`
  const usd = estimatedCostUsd === null ? "Not known" : `About ${usdText(estimatedCostUsd)}`
  const kind = simulated ? "as it would have cost: the answers are simulated" : "estimated from list prices"
  const foreseen = foreseenCostUsd === null ? "" : `, of at most ${usdText(foreseenCostUsd, "up")} foreseen`
  const reused = asks.filter((ask) => ask.reused !== undefined).length
  const saved =
    reused === 0
      ? ""
      : ` ${plural(reused, "answer was", "answers were")} there already${savedUsd === null || savedUsd === 0 ? "" : `, which saved about ${usdText(savedUsd)}`}.`
  return `${usd} (${kind})${foreseen}: ${tokens}.${saved}`
}

const again = ({ again, gaps, lostFolds = [], state, synthesis }: View): Omit<FiveAnswer, "question"> => {
  if (again === null) return { answer: state === "under way" ? "Not known before it ends." : "Nothing." }
  const count = countOf(gaps)
  const isUnfolded = synthesis?.status === "failed"
  const parts = [
    ...(count > 0 ? [plural(count, "ask", "asks")] : []),
    ...(lostFolds.length > 0 ? [plural(lostFolds.length, "fold", "folds")] : []),
    ...(isUnfolded || lostFolds.length > 0 ? ["the synthesis"] : [])
  ]
  const listed = parts.length > 2 ? `${parts[0]}, ${parts.slice(1).join(" and ")}` : parts.join(" and ")
  const what = parts.length === 0 ? "What is left" : count === 0 && isUnfolded ? "The synthesis alone" : listed
  const kept = again.isKept
    ? "what is answered is kept, and costs nothing more"
    : "nothing was kept, so that all is paid again"
  const lost = [...gaps, ...lostFolds, ...(isUnfolded ? [synthesis] : [])]
  const firsts = [...new Set(lost.flatMap(({ message, reason }) => adviceOf(reason ?? "", message ?? "").first ?? []))]
  const advice = firsts.length > 1 ? "what is said below for each reason" : firsts[0]
  const first = advice === undefined ? "" : ` First: ${advice}.`
  const { command } = again
  const typed = command === null ? " Then give the command of the run once more, with --reuse." : " Then type:"
  return { answer: `${what}; ${kept}.${first}${typed}`, isBad: true, ...(command !== null && { command }) }
}

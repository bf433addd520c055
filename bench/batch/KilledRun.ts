/** One run with a batch that is killed and started again until it is done, and what the mock has billed for it. */
import type { Bill, Entry } from "fanfold/mocks"
import { type Command, type Ended, journalOf } from "../journal/CommandLine.ts"
import * as KeptRows from "../journal/KeptRows.ts"
import type { StandaloneMock } from "../journal/StandaloneMock.ts"
import * as KillMoment from "./KillMoment.ts"
import * as Subject from "./Subject.ts"
import type { InjectedFaults } from "./InjectedFaults.ts"

export interface Outcome {
  /** The moments at which a process was killed. */
  readonly kills: ReadonlyArray<KillMoment.KillMoment>
  /** Batches that the mock has made. */
  readonly batches: number
  /** Bills of requests that a batch has answered beyond the first: in another batch, or live. */
  readonly billedTwice: number
  /** Bills beyond the first of requests that were only answered live: each was on its way when a process was killed. */
  readonly liveRepeats: number
  /** Asks, or the synthesis, that are nowhere billed. */
  readonly lost: number
  /** Whatever else was not as it must be, in words. */
  readonly problems: ReadonlyArray<string>
}

/** How a run is killed: `moments` one after the other, and then it is left alone. */
interface Killing {
  readonly command: Command
  readonly folder: string
  readonly mock: StandaloneMock
  readonly moments: ReadonlyArray<KillMoment.KillMoment>
  readonly injected: InjectedFaults
  readonly expected: Subject.Undisturbed
}

/** A process that was started, until it had ended. */
interface Life {
  readonly ended: Ended
  readonly moment: KillMoment.KillMoment | undefined
}

/** A process that has not ended by then never will; it is killed and reported. */
const maxLifeMillis = 60_000

export const play = async ({ command, expected, folder, mock, moments, injected }: Killing): Promise<Outcome> => {
  await mock.reset()
  if (injected.hasForeignBatch) await Subject.addForeignBatch(mock.url)
  for (const each of injected.faults) await mock.fault(each)
  const lives: Array<Life> = []
  const waiting = [...moments]
  for (let isDone = false; !isDone;) {
    const sentBefore = (await mock.entries()).length
    const running = Subject.run(command, folder, mock.url)
    const stuck = setTimeout(() => running.child.kill("SIGKILL"), maxLifeMillis)
    const next = waiting.shift()
    const run = { sentBefore, createMillis: expected.createMillis }
    const isKilled = next !== undefined && (await KillMoment.kill(next, running, mock, run))
    const ended = await running.ended
    clearTimeout(stuck)
    lives.push({ ended, moment: isKilled ? next : undefined })
    const { runs, unfinishedRuns } = KeptRows.read(journalOf(folder))
    // A process may be killed when it has done everything, and then the next one would begin anew.
    isDone = !isKilled || (runs > 0 && unfinishedRuns === 0)
  }
  const entries = await mock.entries()
  const bills = (await mock.ledger()).bills.filter((bill) => !Subject.isForeign(bill))
  const kills = lives.flatMap(({ moment }) => moment ?? [])
  const { batched, live } = extraBills(bills)
  return {
    kills,
    batches: new Set(bills.flatMap(({ batchId }) => batchId ?? [])).size,
    billedTwice: batched,
    liveRepeats: live,
    lost: lostOf(bills, expected),
    problems: [
      ...lives.flatMap(problemsOfEnd),
      ...problemsOfDocument(lives.at(-1)!, expected),
      ...problemsOfBills(bills, expected),
      ...(batched === 0 ? [] : [`${batched} requests of a batch were billed again`]),
      ...(live <= kills.length ? [] : [`${live} live requests were billed again in ${kills.length} kills`])
    ].map((problem) => `${problem}\n${storyOf(injected, lives, entries)}`)
  }
}

/** Bills beyond the first of each request, by whether a batch has answered it. */
const extraBills = (bills: ReadonlyArray<Bill>): { readonly batched: number; readonly live: number } => {
  let batched = 0
  let live = 0
  for (const same of Map.groupBy(bills, ({ key }) => key).values()) {
    if (same.some(({ batchId }) => batchId !== null)) batched += same.length - 1
    else live += same.length - 1
  }
  return { batched, live }
}

const lostOf = (bills: ReadonlyArray<Bill>, { batchKeys, synthesisKey }: Subject.Undisturbed): number => {
  const billed = new Set(bills.map(({ key }) => key))
  return [...batchKeys, synthesisKey].filter((key) => !billed.has(key)).length
}

/** A request that the undisturbed run has not would hide one that is billed twice in another form. */
const problemsOfBills = (
  bills: ReadonlyArray<Bill>,
  { batchKeys, synthesisKey }: Subject.Undisturbed
): ReadonlyArray<string> =>
  bills
    .filter(({ key }) => !batchKeys.has(key) && key !== synthesisKey)
    .map((bill) => `billed what the undisturbed run has not: ${JSON.stringify(bill)}`)

const problemsOfEnd = ({ ended: { code, signal, stderr }, moment }: Life): ReadonlyArray<string> => {
  const how = `code ${code}, signal ${signal}, after ${moment?.after ?? "no kill"}: ${stderr}`
  const isRight = moment === undefined ? code === 0 : signal === "SIGKILL" || code === 0
  const isBusy = /SQLITE|busy|locked|ExperimentalWarning|is kept|TypeError|    at /.test(stderr)
  return [...(isRight ? [] : [`ended wrongly: ${how}`]), ...(isBusy ? [`said what it must not: ${how}`] : [])]
}

/** The last process printed the documents. */
const problemsOfDocument = ({ ended: { stdout } }: Life, expected: Subject.Undisturbed): ReadonlyArray<string> =>
  // A process that was killed may have printed a part of its document, which is no JSON.
  stdout.endsWith("}\n") && Subject.documentsOf(stdout) === expected.documents
    ? []
    : [`ended with another document: ${stdout.slice(0, 2000)}`]

/** What happened, for whoever looks for the cause. */
const storyOf = (injected: InjectedFaults, lives: ReadonlyArray<Life>, entries: ReadonlyArray<Entry>): string =>
  [
    `injected: ${injected.names.join("; ") || "none"}`,
    ...lives.map(({ ended: { stderr }, moment }, index) => {
      const kill =
        moment === undefined ? "to its end" : `killed at ${moment.after} + ${Math.round(moment.delayMillis)} ms`
      return `process ${index + 1}, ${kill}:\n${stderr.replace(/^/gm, "    ")}`
    }),
    ...entries.map(
      ({ fault, method, outcome, path, startedMillis, status }) =>
        `  ${Math.round(startedMillis)} ms ${method} ${path} ${status ?? "-"} ${outcome} ${fault ?? ""}`
    )
  ].join("\n")

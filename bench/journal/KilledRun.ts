/** One run that is killed and started again until it is done, and what must be true after each kill and at the end. */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { Entry } from "fanfold/mocks"
import type { Command, Ended } from "./CommandLine.ts"
import type { Home } from "./Home.ts"
import type * as KeptRows from "./KeptRows.ts"
import * as KillMoment from "./KillMoment.ts"
import type { StandaloneMock } from "./StandaloneMock.ts"
import * as Subject from "./Subject.ts"

export interface Outcome {
  /** The moments at which a process was killed. */
  readonly kills: ReadonlyArray<KillMoment.KillMoment>
  readonly requests: number
  /** Requests that were sent although the reply of an equal one was kept. */
  readonly boughtAgain: number
  readonly repeats: number
  /** Calls that were sent and whose reply was not seen, of all kills: each may be repeated once. */
  readonly inFlight: number
  /** Whatever else was not as it must be, in words. */
  readonly problems: ReadonlyArray<string>
}

/** How a run is killed: `moments` one after the other, and then it is left alone. */
interface Killing {
  readonly command: Command
  readonly folder: string
  readonly home: Home
  readonly mock: StandaloneMock
  readonly moments: ReadonlyArray<KillMoment.KillMoment>
  readonly expected: Subject.Undisturbed
}

/** A process that was started, until it had ended. */
interface Life {
  readonly before: KeptRows.KeptRows
  readonly after: KeptRows.KeptRows
  readonly earlier: ReadonlyArray<Entry>
  readonly sent: ReadonlyArray<Entry>
  readonly ended: Ended
  readonly moment: KillMoment.KillMoment | undefined
}

export const play = async ({ command, expected, folder, home, mock, moments }: Killing): Promise<Outcome> => {
  await mock.reset()
  const { askOf } = expected
  const lives: Array<Life> = []
  const waiting = [...moments]
  for (let isDone = false; !isDone;) {
    const before = await home.read(folder)
    const earlier = await mock.entries()
    const running = Subject.run(command, folder, mock.url, home)
    const next = waiting.shift()
    const openAsks = Subject.asks - before.answered.size
    const run = { sentBefore: earlier.length, openAsks, isSynthesis: (entry: Entry) => askOf(entry) === "synthesis" }
    const isKilled = next !== undefined && (await KillMoment.kill(next, running, mock, run))
    const ended = await running.ended
    const after = await home.read(folder)
    const sent = (await mock.entries()).slice(earlier.length)
    lives.push({ before, after, earlier, sent, ended, moment: isKilled ? next : undefined })
    // A process may be killed when it has done everything, and then the next one would begin anew.
    isDone = !isKilled || (after.runs > 0 && after.unfinishedRuns === 0)
  }
  const boughtAgain = lives.flatMap(({ before, sent }) => sent.filter((entry) => before.answered.has(askOf(entry))))
  const requests = await mock.entries()
  const repeats = requests.length - new Set(requests.map(askOf)).size
  const inFlight = lives.flatMap((life) => unseen(life.after, life.sent))
  const problems = [
    ...lives.flatMap((life) => [...problemsOfEnd(life), ...problemsOfNotice(life, askOf)]),
    ...problemsOfResult(lives, folder, home, expected),
    ...requests
      .filter((entry) => askOf(entry) === "unknown")
      .map((entry) => `a request was sent that the undisturbed run has not: ${JSON.stringify(entry)}`)
  ]
  return {
    kills: lives.flatMap(({ moment }) => moment ?? []),
    requests: requests.length,
    boughtAgain: boughtAgain.length,
    repeats,
    inFlight: inFlight.length,
    problems
  }
}

/** The requests whose reply the client has not seen. */
const unseen = ({ replies }: KeptRows.KeptRows, sent: ReadonlyArray<Entry>): ReadonlyArray<Entry> =>
  sent.filter(({ requestId }) => !replies.has(requestId))

/** A process that is not killed ends with 0. It catches signals from when it has started until its document is written. */
const problemsOfEnd = ({ after, before, ended, moment, sent }: Life): ReadonlyArray<string> => {
  const { code, signal, stderr, stdout } = ended
  const how = `code ${code}, signal ${signal}, after ${moment?.signal ?? "no kill"} (${moment?.after}): ${stderr}`
  const isRight =
    moment === undefined
      ? code === 0
      : moment.signal === "SIGKILL"
        ? signal === "SIGKILL" || code === 0
        : code === 130 || code === 0 || (signal === moment.signal && (sent.length === 0 || stdout !== ""))
  const isBusy = /SQLITE|busy|locked|ExperimentalWarning|is kept|TypeError|    at /.test(stderr)
  const lost = [...before.answered].filter((ask) => !after.answered.has(ask))
  return [
    ...(isRight ? [] : [`ended wrongly: ${how}`]),
    ...(isBusy ? [`said what it must not: ${how}`] : []),
    ...(lost.length === 0 ? [] : [`lost the answers of ${lost.join(", ")}`])
  ]
}

const notice =
  /^Resuming: (\d+) of \d+ asks answered, \$([\d.]+) spent(?:; (\d+) calls? (?:was|were) on (?:its|their) way and may be paid twice, at most \$[\d.]+)?$/m

/** What a process says that it goes on with, compared with what the journal had and with what it then asked. */
const problemsOfNotice = (
  { before, earlier, ended: { stderr }, moment, sent }: Life,
  askOf: (entry: Entry) => string
): ReadonlyArray<string> => {
  const said = notice.exec(stderr)
  // A process that was killed early may not have come to say it, and there may be nothing to go on with.
  if (said === null) {
    const isDue = before.dispatched.length > 0 && before.unfinishedRuns > 0 && (moment === undefined || sent.length > 0)
    return isDue ? [`did not say that it resumes: ${stderr}`] : []
  }
  const [line, answered, usd, onTheirWay = "0"] = said
  const kept = [...before.answered].filter((ask) => ask !== "synthesis").length
  const asked = new Set(earlier.map(askOf))
  const repeated = sent.map(askOf).filter((ask) => asked.has(ask))
  const isOpen = (ask: string) => !before.answered.has(ask)
  const lost = unseen(before, earlier).map(askOf).filter(isOpen).length
  const most = before.dispatched.filter(isOpen).length
  return [
    ...(Number(answered) === kept ? [] : [`“${line}”, but ${kept} asks have an answer`]),
    ...(Math.abs(Number(usd) - before.usd) <= 0.00005 + before.usd * 0.05
      ? []
      : [`“${line}”, but $${before.usd} were spent`]),
    ...(Number(onTheirWay) >= lost && Number(onTheirWay) <= most
      ? []
      : [`“${line}”, but ${lost} to ${most} were on their way`]),
    ...(repeated.length <= Number(onTheirWay) ? [] : [`“${line}”, but ${repeated.join(", ")} were asked again`])
  ]
}

/** The last process printed the documents, and what an interrupted one saved is part of them. */
const problemsOfResult = (
  lives: ReadonlyArray<Life>,
  folder: string,
  home: Home,
  expected: Subject.Undisturbed
): ReadonlyArray<string> => {
  const { after, ended, moment } = lives.at(-1)!
  const { answers } = JSON.parse(expected.documents)
  const saved = globSync("fanfold-*.json", { cwd: folder }).map((file) => readFileSync(join(folder, file), "utf8"))
  const isPart = (text: string) =>
    Object.entries(JSON.parse(text).answers).every(([name, answer]) => answers[name] === answer)
  // A process that was killed may have printed a part of its document, which is no JSON.
  const isComplete = ended.stdout.endsWith("}\n") && Subject.documentsOf(ended.stdout) === expected.documents
  return [
    ...(isComplete ? [] : [`ended with another document: ${ended.stdout.slice(0, 2000)}`]),
    ...(saved.every(isPart) ? [] : ["an interrupted process saved other answers"]),
    ...(after.unfinishedRuns === 0 ? [] : [`${after.unfinishedRuns} of ${after.runs} runs have no end`]),
    ...(moment === undefined && !home.isClosed(folder) ? ["the journal was not closed"] : [])
  ]
}

/** Runs asks over a fake Claude in this process, with a journal or without, and prints `Measured` as JSON. */
import { Effect, Exit, Layer } from "effect"
import { Ask, Claude, Message, Research, Stack } from "fanfold"

export interface Setup {
  /** The journal; none where it is left out. */
  readonly file?: string
  /** Asks that are answered, from the first number on; `newAsks` more come after them. */
  readonly asks: number
  readonly from?: number
  readonly newAsks?: number
  readonly answerMillis: number
  readonly concurrency: number
  /** The new asks fail, so that the next process goes on with this run. */
  readonly isLeftUnfinished?: boolean
}

/** Times count from the start of the asking; modules are loaded and compiled before. */
export interface Measured {
  readonly wallMillis: number
  readonly cpuMillis: number
  readonly firstRequestMillis: number
  readonly sent: number
  readonly answered: number
  readonly peakMegabytes: number
}

const leaveMillis = 15_000

/** An answer of 600 characters. */
const text = "It depends on where you look, and on when. ".repeat(14)

const reply: Message.Reply = {
  id: "msg_1",
  model: Claude.askModel,
  content: [{ type: "text", text }],
  stopReason: "end_turn",
  stopSequence: null,
  usage: { ...Message.noUsage, inputTokens: 40, outputTokens: 150 },
  // Limits as the API sends them, too high to delay any run.
  headers: {
    "anthropic-ratelimit-requests-limit": "1000000000",
    "anthropic-ratelimit-requests-remaining": "1000000000"
  }
}

const run = async (setup: Setup): Promise<Measured> => {
  const { answerMillis, asks, concurrency, file, from = 0, isLeftUnfinished = false, newAsks = 0 } = setup
  let sent = 0
  let firstRequestAt = Number.NaN
  const send: Claude.Claude["Service"]["send"] = (request) =>
    Effect.suspend(() => {
      if (sent++ === 0) firstRequestAt = performance.now()
      const isNew = JSON.stringify(request.messages).includes("New question")
      // Later than all answers, which would be interrupted else.
      if (isNew && isLeftUnfinished) return Effect.delay(Effect.die("left unfinished"), leaveMillis)
      return Effect.delay(Effect.succeed(reply), answerMillis)
    })
  const fake = Layer.succeed(Claude.Claude, Claude.Claude.of({ send }))
  const names = [
    ...Array.from({ length: asks }, (_, n) => `Question ${from + n}: what is known of it?`),
    ...Array.from({ length: newAsks }, (_, n) => `New question ${n}: what is known of it?`)
  ]
  const before = process.cpuUsage()
  const startedAt = performance.now()
  const program = Research.run(
    names.map((question) => Ask.text(question)),
    { concurrency }
  ).pipe(
    Effect.map(({ answers }) => answers.length),
    Effect.provide(Stack.layerOver(file === undefined ? {} : { journal: { file } }).pipe(Layer.provide(fake)))
  )
  const exit = await Effect.runPromiseExit(program)
  const wallMillis = performance.now() - startedAt
  const { system, user } = process.cpuUsage(before)
  if (Exit.isFailure(exit) !== isLeftUnfinished) throw new Error("the run did not end as it was to")
  return {
    wallMillis,
    cpuMillis: (system + user) / 1000,
    firstRequestMillis: firstRequestAt - startedAt,
    sent,
    answered: Exit.isSuccess(exit) ? exit.value : 0,
    peakMegabytes: process.resourceUsage().maxRSS / 1024
  }
}

console.log(JSON.stringify(await run(JSON.parse(process.argv[2]!) as Setup)))

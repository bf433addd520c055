/** Runs one contender of `delivery`: `node Contender.ts JOB`, a `Job.Job` as JSON; prints an array of `Job.Ended` as JSON. */
import { type Contender, type Ended, type Job, pLimitConcurrency, type Question, questionsOf } from "./Job.ts"

const job = JSON.parse(process.argv[2] ?? "") as Job
const questions = questionsOf(job)
const apiKey = "of-no-account"
const instruction = "Write a document of all that was answered."

type Run = (baseUrl: string) => Promise<Omit<Ended, "wallMillis">>

/** Each contender loads only the modules that it needs, before its time is taken. */
const fanfold = async (): Promise<Run> => {
  const { Ask, Event, Research, Stack, Synthesis } = await import("fanfold")
  const { Effect, Layer, Redacted } = await import("effect")
  const { concurrency = "unbounded", policy = "all", timeouts } = job
  const options = timeouts && {
    timeout: { firstToken: timeouts.silence, stall: timeouts.silence, attempt: timeouts.attempt },
    retry: { within: timeouts.ask }
  }
  const stackOf = (baseUrl: string) => Stack.layer({ apiKey: Redacted.make(apiKey), baseUrl, ...options })
  // A listener with `delta` makes every answer a stream.
  const listener = { emit: () => Effect.void, ...(job.isStreamed === true && { delta: () => {} }) }
  const asks = questions.map(({ text, ...options }) => Ask.text(text, options))
  const synthesis = Synthesis.text(instruction, { contradictions: "off" })
  await Promise.all(job.baseUrls.map((url) => Effect.runPromise(Effect.scoped(Layer.build(stackOf(url))))))
  return (baseUrl) =>
    Research.run(asks, { concurrency, policy }).pipe(
      Effect.flatMap((findings) => {
        const answers = findings.findings.length - findings.gaps.length
        return Effect.match(synthesis(findings), {
          onSuccess: () => ({ isComplete: answers === asks.length, answers }),
          onFailure: ({ message }) => ({ isComplete: false, answers, failure: message })
        })
      }),
      Effect.catch(({ findings, message }) => {
        const answers = findings.findings.length - findings.gaps.length
        return Effect.succeed({ isComplete: false, answers, failure: message })
      }),
      Effect.provide(stackOf(baseUrl)),
      Effect.provideService(Event.Listener, listener),
      Effect.runPromise
    )
}

/** Starts the calls, all at once or with a limit, and awaits all answers. */
type RunAll = <A>(calls: ReadonlyArray<() => Promise<A>>) => Promise<ReadonlyArray<A>>

const sdk = async (runAll: RunAll): Promise<Run> => {
  const { default: Anthropic } = await import("@anthropic-ai/sdk")
  const { isStreamed, timeouts } = job
  return async (baseURL) => {
    const client = new Anthropic({ apiKey, baseURL, ...(timeouts && { timeout: timeouts.attempt }) })
    const ask = async ({ system, text }: Question, model = "claude-haiku-5-5"): Promise<string> => {
      const messages = [{ role: "user" as const, content: text }]
      const body = { model, max_tokens: 4096, messages, ...(system !== undefined && { system }) }
      const { content } =
        isStreamed === true ? await client.messages.stream(body).finalMessage() : await client.messages.create(body)
      return content.map((block) => (block.type === "text" ? block.text : "")).join("")
    }
    let answers = 0
    try {
      const texts = await runAll(questions.map((question) => () => ask(question)))
      answers = texts.length
      await ask({ text: `${instruction}\n\n${texts.join("\n\n")}` }, "claude-sonnet-5-5")
      return { isComplete: true, answers }
    } catch (error) {
      return { isComplete: false, answers, failure: (error as Error).message }
    }
  }
}

const contenders: Readonly<Record<Contender, () => Promise<Run>>> = {
  fanfold,
  "SDK + Promise.all": () => sdk((calls) => Promise.all(calls.map((call) => call()))),
  "SDK + p-limit": async () => {
    const { default: pLimit } = await import("p-limit")
    return sdk((calls) => {
      const limit = pLimit(pLimitConcurrency)
      return Promise.all(calls.map((call) => limit(call)))
    })
  }
}

const run = await contenders[job.contender]()
const failure = `no end after ${job.patienceSeconds} s`
const ended = await Promise.all(
  job.baseUrls.map(async (baseUrl): Promise<Ended> => {
    const startedAt = performance.now()
    const timeout = new Promise<Omit<Ended, "wallMillis">>((resolve) =>
      setTimeout(() => resolve({ isComplete: false, answers: 0, failure }), job.patienceSeconds * 1000)
    )
    const end = await Promise.race([run(baseUrl), timeout])
    return Object.assign(end, { wallMillis: performance.now() - startedAt })
  })
)
console.log(JSON.stringify(ended))
process.exit()

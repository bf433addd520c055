/** One contender of `delivery` in a process of its own: `node DeliveryContender.ts JOB`. Prints how each of its runs ended. */
import { type Contender, type Ended, type Job, places, type Question, questionsOf } from "./Job.ts"

const job = JSON.parse(process.argv[2] ?? "") as Job
const questions = questionsOf(job)
const apiKey = "of-no-account"
const instruction = "Write a document of all that was answered."

type Run = (baseUrl: string) => Promise<Omit<Ended, "wallMillis">>

/** Each loads what it needs and no more, before the clock starts. */
const fanfold = async (): Promise<Run> => {
  const { Ask, Event, Research, Stack, Synthesis } = await import("fanfold")
  const { Effect, Layer, Redacted } = await import("effect")
  const { policy = "all", timeouts } = job
  const options = timeouts && {
    timeout: { firstToken: timeouts.silence, stall: timeouts.silence, attempt: timeouts.attempt },
    retry: { within: timeouts.ask }
  }
  const stackOf = (baseUrl: string) => Stack.layer({ apiKey: Redacted.make(apiKey), baseUrl, ...options })
  // A listener that wants the pieces makes every answer a stream.
  const listener = { emit: () => Effect.void, ...(job.isStreamed === true && { delta: () => {} }) }
  const asks = questions.map(({ text, ...options }) => Ask.text(text, options))
  const fold = Synthesis.text(instruction)
  await Promise.all(job.baseUrls.map((url) => Effect.runPromise(Effect.scoped(Layer.build(stackOf(url))))))
  return (baseUrl) =>
    Research.run(asks, { policy }).pipe(
      Effect.flatMap((findings) => {
        const answers = findings.findings.length - findings.gaps.length
        return Effect.match(fold(findings), {
          onSuccess: () => ({ isWhole: answers === asks.length, answers }),
          onFailure: ({ message }) => ({ isWhole: false, answers, failure: message })
        })
      }),
      Effect.catch(({ findings, message }) => {
        const answers = findings.findings.length - findings.gaps.length
        return Effect.succeed({ isWhole: false, answers, failure: message })
      }),
      Effect.provide(stackOf(baseUrl)),
      Effect.provideService(Event.Listener, listener),
      Effect.runPromise
    )
}

type All = <A>(calls: ReadonlyArray<() => Promise<A>>) => Promise<ReadonlyArray<A>>

const sdk = async (all: All): Promise<Run> => {
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
      const texts = await all(questions.map((question) => () => ask(question)))
      answers = texts.length
      await ask({ text: `${instruction}\n\n${texts.join("\n\n")}` }, "claude-sonnet-5-5")
      return { isWhole: true, answers }
    } catch (error) {
      return { isWhole: false, answers, failure: (error as Error).message }
    }
  }
}

const contenders: Readonly<Record<Contender, () => Promise<Run>>> = {
  fanfold,
  "SDK + Promise.all": () => sdk((calls) => Promise.all(calls.map((call) => call()))),
  "SDK + p-limit": async () => {
    const { default: pLimit } = await import("p-limit")
    return sdk((calls) => {
      const limit = pLimit(places)
      return Promise.all(calls.map((call) => limit(call)))
    })
  }
}

const run = await contenders[job.contender]()
const failure = `no end after ${job.patienceSeconds} s`
const ended = await Promise.all(
  job.baseUrls.map(async (baseUrl): Promise<Ended> => {
    const startedAt = performance.now()
    const late = new Promise<Omit<Ended, "wallMillis">>((resolve) =>
      setTimeout(() => resolve({ isWhole: false, answers: 0, failure }), job.patienceSeconds * 1000)
    )
    const end = await Promise.race([run(baseUrl), late])
    return Object.assign(end, { wallMillis: performance.now() - startedAt })
  })
)
console.log(JSON.stringify(ended))
process.exit()

/** A delivery layer of your own: a question that was answered before is answered from memory. Needs ANTHROPIC_API_KEY. */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer, Schema } from "effect"
import { Ask, Claude, type Message, Research, Stack } from "fanfold"

/** `replies`: how many replies are kept, from 1. */
export const Options = Schema.Struct({
  replies: Schema.optionalKey(Schema.Int.annotate({ description: "Most replies that are kept (default 1,000)" }))
})
export interface Options {
  readonly replies?: number | undefined
}

/** Provides a `Claude` that sends each request once. A failed request is not kept, so that it is sent again. */
export const layer = (options: Options = {}): Layer.Layer<Claude.Claude, never, Claude.Claude> =>
  Claude.layerAround((send) => {
    const { replies: maxReplies = 1000 } = options
    const kept = new Map<string, Message.Reply>()
    const keep = (key: string, reply: Message.Reply) =>
      Effect.sync(() => {
        const [oldest] = kept.keys()
        if (kept.size >= maxReplies && oldest !== undefined) kept.delete(oldest)
        kept.set(key, reply)
      })
    return (request) =>
      Effect.suspend(() => {
        const key = JSON.stringify(request)
        const reply = kept.get(key)
        return reply === undefined ? Effect.tap(send(request), (reply) => keep(key, reply)) : Effect.succeed(reply)
      })
  })

const asks = { shade: Ask.text("What grows in shade?"), may: Ask.text("What is in season in May?") }
const twice = Effect.andThen(Research.run(asks), Research.run(asks))
const claude = layer({ replies: 100 }).pipe(Layer.provide(Stack.layerConfig()))
twice.pipe(
  Effect.flatMap(({ answers, durationMillis }) => Console.log(answers, `${durationMillis} ms the second time`)),
  Effect.provide(claude),
  NodeRuntime.runMain
)

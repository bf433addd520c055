/** Sends a turn that Claude paused (`pause_turn`) back as it is, until it ends, and gives the whole of it as one reply. */
import { Effect, Layer, Schema } from "effect"
import { AskError, Unfinished } from "../claude/AskError.ts"
import { Claude } from "../claude/Claude.ts"
import * as Event from "../claude/Event.ts"
import * as Issue from "../options/Issue.ts"
import { inCode, PositiveInt } from "../options/OptionSchemas.ts"
import { addPaid, addUsage, type Reply, type Request, textOf } from "../claude/Message.ts"

/** `turns`: how often a paused turn is continued. */
export const Options = Schema.Struct({
  turns: Schema.optionalKey(PositiveInt.annotate({ description: "How often a paused turn is continued (default 10)" }))
})
export interface Options {
  readonly turns?: number | undefined
}

/** A web search pauses after about ten tool calls; ten continuations are a hundred of them. */
export const turns = 10

const assertOptions = Issue.assert(inCode(Options), "continue")

/** Provides a `Claude` whose replies never stop at `pause_turn`; content and usage are those of all turns. */
export const layer = (options: Options = {}): Layer.Layer<Claude, never, Claude> => {
  assertOptions(options)
  const limit = options.turns ?? turns
  return Layer.effect(
    Claude,
    Effect.map(Claude, ({ send }) => {
      const resume = Effect.fnUntraced(function* (request: Request, paused: Reply) {
        let whole = paused
        for (let turn = 1; whole.stopReason === "pause_turn"; turn++) {
          const { content, model, usage } = whole
          if (turn > limit) {
            const partialText = textOf(whole) || undefined
            return yield* new AskError({ reason: new Unfinished({ turns: limit }), model, usage, partialText })
          }
          yield* Event.emit({ _tag: "Continued", turn })
          const next: Reply = yield* Effect.mapError(
            send({ ...request, messages: [...request.messages, { role: "assistant", content }] }),
            (error) =>
              error.with({
                usage: addPaid(usage, error.usage),
                model: error.model ?? model,
                partialText: `${textOf(whole)}${error.partialText ?? ""}` || undefined
              })
          )
          whole = { ...next, content: [...content, ...next.content], usage: addUsage(usage, next.usage) }
        }
        return whole
      })
      return Claude.of({
        send: (request) =>
          Effect.flatMap(send(request), (reply) =>
            reply.stopReason === "pause_turn" ? resume(request, reply) : Effect.succeed(reply)
          )
      })
    })
  )
}

/** Sends a turn that Claude paused (`pause_turn`) back until it ends, and gives all of its parts as one reply. */
import { Effect, type Layer, Schema } from "effect"
import { AskError, Unfinished } from "../claude/AskError.ts"
import { type Claude, layerAround } from "../claude/Claude.ts"
import * as Event from "../claude/Event.ts"
import { addPaid, following, type Reply, type Request, sendable, textOf } from "../claude/Message.ts"
import * as Issue from "../options/Issue.ts"
import { inCode, type InCode, PositiveInt } from "../options/OptionSchemas.ts"

/** `turns`: how often a paused turn is continued. */
export const Options = Schema.Struct({
  turns: Schema.optionalKey(PositiveInt.annotate({ description: "How often a paused turn is continued (default 10)" }))
})
export interface Options extends InCode<typeof Options> {}

/** A web search pauses after about ten tool calls, so ten continuations are about a hundred of them. */
export const turns = 10

const assertOptions = Issue.assert(inCode(Options), "continue")

/**
 * The request that continues a turn, in the container that its tools run in, which the API asks for. It rejects one without content:
 * then there is nothing to continue.
 */
const after = (request: Request, { container, content }: Reply): Request => {
  const turn = content.flatMap(sendable)
  if (turn.length === 0) return request
  const messages: Request["messages"] = [...request.messages, { role: "assistant", content: turn }]
  return { ...request, messages, ...(container !== undefined && { container }) }
}

/** Provides a `Claude` whose replies never stop at `pause_turn`; content and usage are those of all parts of the turn. */
export const layer = (options: Options = {}): Layer.Layer<Claude, never, Claude> => {
  assertOptions(options)
  const maxTurns = options.turns ?? turns
  return layerAround((send) => {
    const resume = Effect.fnUntraced(function* (request: Request, paused: Reply) {
      let joined = paused
      for (let turn = 1; joined.stopReason === "pause_turn"; turn++) {
        const { content, model, usage } = joined
        if (turn > maxTurns) {
          const partialText = textOf(joined) || undefined
          return yield* new AskError({ reason: new Unfinished({ turns: maxTurns }), model, usage, partialText })
        }
        yield* Event.emit({ _tag: "Continued", turn })
        const next: Reply = yield* Effect.mapError(send(after(request, joined)), (error) =>
          error.with({
            usage: addPaid(usage, error.usage),
            model: error.model ?? model,
            partialText: `${textOf(joined)}${error.partialText ?? ""}` || undefined
          })
        )
        joined = { ...following(joined, next), content: [...content, ...next.content] }
      }
      return joined
    })
    return (request) =>
      Effect.flatMap(send(request), (reply) =>
        reply.stopReason === "pause_turn" ? resume(request, reply) : Effect.succeed(reply)
      )
  })
}

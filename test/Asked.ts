/** Runs one ask against a fake Claude that gives these results in turn. */
import { assert } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { AskError, type Claude, type Message } from "fanfold"
import { make, recorder, script } from "./FakeClaude.ts"

export const Size = Schema.Struct({ euro: Schema.Finite, growth: Schema.Finite })

/** Runs an ask; gives its result and what was sent and told. */
export const asked = <A, E>(
  ask: Effect.Effect<A, E, Claude.Claude>,
  ...results: ReadonlyArray<Message.Reply | AskError.AskError>
) => {
  const claude = make(script(...results))
  const { events, listen } = recorder()
  return ask.pipe(
    Effect.provide(claude.layer),
    listen,
    Effect.result,
    Effect.map((result) => ({ result, sent: claude.sent, tags: events.map(({ _tag }) => _tag), events }))
  )
}

export const errorOf = (result: { readonly _tag: string; readonly failure?: unknown }): AskError.AskError => {
  assert(result._tag === "Failure" && result.failure instanceof AskError.AskError)
  return result.failure
}

/** Lets one ask go ahead where many share a prefix: the others leave once that can be read from the prompt cache. */
import { Duration, Effect, type Layer, Schema } from "effect"
import * as Attempt from "../claude/Attempt.ts"
import * as Call from "../claude/Call.ts"
import { type Claude, layerAround } from "../claude/Claude.ts"
import type { Request } from "../claude/Message.ts"
import { type Prefix, prefixOf } from "../cost/SharedPrefix.ts"
import * as Issue from "../options/Issue.ts"
import { inCode, type InCode, PositiveDuration } from "../options/OptionSchemas.ts"
import { type AnyFiber, nowMillis } from "../scheduling/FiberClock.ts"
import type { Member, WarmupGroup } from "./warm/WarmupGroup.ts"
import { WarmupRegistry } from "./warm/WarmupRegistry.ts"

/** `maxWait`: how long the others wait for the first ask, from the moment its request leaves. */
export const Options = Schema.Struct({
  maxWait: Schema.optionalKey(
    PositiveDuration.annotate({
      description:
        "Longest wait for the ask that leads those with the same context or answer schema (default 5 seconds, or more for a context of more than 50,000 tokens)"
    })
  )
})
export interface Options extends InCode<typeof Options> {}

/** Longer than the first token of nearly every reply takes. */
export const maxWait: Duration.Input = "5 seconds"

/** A guess: the tokens of a prompt that are read in a second at least, before the first one is written. */
const tokensPerSecond = 10_000

/** The default for a prefix: each of the others that does not wait pays for it again. */
const defaultMillisOf = (prefix: Exclude<Prefix, { readonly _tag: "Nothing" }>): number =>
  Math.max(Duration.toMillis(maxWait), prefix._tag === "Context" ? (1000 * prefix.tokens) / tokensPerSecond : 0)

const assertOptions = Issue.assert(inCode(Options), "warm")

/**
 * Provides a `Claude` that holds asks back while the first one with their context (or their answer schema) has not begun:
 * the prompt cache can be read only from then on. Single asks, syntheses, and contexts too short to be cached go at once.
 */
export const layer = (options: Options = {}): Layer.Layer<Claude, never, Claude> => {
  assertOptions(options)
  const given = options.maxWait === undefined ? undefined : Duration.toMillis(options.maxWait)
  return layerAround((send) => {
    const registry = new WarmupRegistry(given === undefined ? defaultMillisOf : () => given)

    const follow = (request: Request, group: WarmupGroup, fiber: AnyFiber) =>
      Attempt.observed(send(request), { onDispatch: ({ dispatchedAt }) => group.use(dispatchedAt!) }, fiber)

    /** The reply of the leader is streamed, so that its beginning is seen. */
    const lead = (request: Request, group: WarmupGroup, member: Member, fiber: AnyFiber) => {
      const observer: Attempt.Observer = {
        onDispatch: ({ dispatchedAt }) => {
          group.depart(member, dispatchedAt!)
          registry.watch(group, fiber)
        },
        onChunk: () => {
          if (!group.isLedBy(member)) return
          registry.unwatch(group)
          group.begin(member, nowMillis(fiber), fiber)
        }
      }
      const call = { ...fiber.getRef(Call.Current), streamed: true }
      return Effect.provideService(Attempt.observed(send(request), observer, fiber), Call.Current, call)
    }

    const join = (request: Request, group: WarmupGroup, fiber: AnyFiber) => {
      const member = Symbol("member")
      const joinedAt = nowMillis(fiber)
      const sent = Effect.suspend(() => {
        if (group.isLedBy(member)) return lead(request, group, member, fiber)
        const followed = follow(request, group, fiber)
        const warm = nowMillis(fiber) - joinedAt
        if (warm <= 0) return followed
        return Effect.updateService(followed, Call.Current, (call) => ({ ...call, waited: { ...call.waited, warm } }))
      })
      const entered = Effect.suspend(() => group.enter(member, fiber))
      return Effect.onExit(Effect.andThen(entered, sent), (exit) =>
        Effect.sync(() => {
          if (!group.isLedBy(member)) return
          registry.unwatch(group)
          group.end(member, exit, nowMillis(fiber), fiber)
        })
      )
    }

    return (request) =>
      Effect.withFiber((fiber) => {
        if (!hasSiblings(fiber.getRef(Call.Current))) return send(request)
        const prefix = prefixOf(request)
        if (prefix._tag === "Nothing") return send(request)
        const group = registry.of(prefix)
        return group.isOpen(nowMillis(fiber)) ? follow(request, group, fiber) : join(request, group, fiber)
      })
  })
}

/** A second copy of a call leaves at once or not at all. */
const hasSiblings = ({ asks, hedge, part }: Call.Call): boolean => asks > 1 && part === "ask" && hedge !== true

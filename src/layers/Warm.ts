/** Lets one ask lead where many share a prefix: its siblings leave once that can be read from the prompt cache. */
import { Clock, Context, Duration, Effect, type Fiber, Layer, Schema } from "effect"
import * as Call from "../claude/Call.ts"
import { Activity, Claude, type SoFar } from "../claude/Claude.ts"
import { type WarmupGroup, Member } from "./warm/WarmupGroup.ts"
import { WarmupRegistry } from "./warm/WarmupRegistry.ts"
import * as Event from "../claude/Event.ts"
import * as Issue from "../options/Issue.ts"
import { inCode, PositiveDuration } from "../options/OptionSchemas.ts"
import type { Request } from "../claude/Message.ts"
import { prefixOf } from "../cost/SharedPrefix.ts"

type AnyFiber = Fiber.Fiber<unknown, unknown>

/** `maxWait`: how long siblings wait for the one that leads, from its `Dispatched` on, which `Pacing` below tells. */
export const Options = Schema.Struct({
  maxWait: Schema.optionalKey(
    PositiveDuration.annotate({
      description:
        "Longest wait for the ask that leads those with the same context or answer schema (default 5 seconds)"
    })
  )
})
export interface Options {
  readonly maxWait?: Duration.Input | undefined
}

/** Beyond the first token of nearly every reply: a leader that takes longer is a straggler. */
export const maxWait: Duration.Input = "5 seconds"

const assertOptions = Issue.assert(inCode(Options), "warm")

/**
 * Provides a `Claude` that holds asks back while the first one with their context (or their answer schema) has not begun:
 * the prompt cache can be read only from then on. Lone asks, syntheses, and contexts too short to be cached go at once.
 */
export const layer = (options: Options = {}): Layer.Layer<Claude, never, Claude> => {
  assertOptions(options)
  const maxWaitMillis = Duration.toMillis(options.maxWait ?? maxWait)
  return Layer.effect(
    Claude,
    Effect.map(Claude, ({ send }) => {
      const registry = new WarmupRegistry(maxWaitMillis)

      const follow = (request: Request, group: WarmupGroup, fiber: AnyFiber) =>
        Effect.provideService(
          send(request),
          Event.Listener,
          onDispatched(fiber, (at) => group.use(at))
        )

      /** Its reply is streamed, so that its beginning is seen. */
      const lead = (request: Request, group: WarmupGroup, member: Member, fiber: AnyFiber) => {
        const activity = fiber.getRef(Activity)
        const onActivity = (soFar: SoFar) => {
          if (group.isLedBy(member)) {
            registry.unwatch(group)
            group.begin(member, millis(fiber), fiber)
          }
          activity(soFar)
        }
        const listener = onDispatched(fiber, (at) => {
          group.depart(member, at)
          registry.watch(group, fiber)
        })
        const call = { ...fiber.getRef(Call.Current), streamed: true }
        const context = Context.make(Call.Current, call).pipe(
          Context.add(Activity, onActivity),
          Context.add(Event.Listener, listener)
        )
        return Effect.provideContext(send(request), context)
      }

      const join = (request: Request, group: WarmupGroup, fiber: AnyFiber) => {
        const member = new Member()
        const sent = Effect.suspend(() =>
          group.isLedBy(member) ? lead(request, group, member, fiber) : follow(request, group, fiber)
        )
        const entered = Effect.suspend(() => group.enter(member, millis(fiber)))
        return Effect.onExit(Effect.andThen(entered, sent), (exit) =>
          Effect.sync(() => {
            if (!group.isLedBy(member)) return
            registry.unwatch(group)
            group.end(member, exit, millis(fiber), fiber)
          })
        )
      }

      return Claude.of({
        send: (request) =>
          Effect.withFiber((fiber) => {
            if (!hasSiblings(fiber.getRef(Call.Current))) return send(request)
            const prefix = prefixOf(request)
            if (prefix._tag === "Nothing") return send(request)
            const group = registry.of(prefix)
            return group.isOpen(millis(fiber)) ? follow(request, group, fiber) : join(request, group, fiber)
          })
      })
    })
  )
}

/** A copy of a straggler leaves at once or not at all. */
const hasSiblings = ({ asks, hedge, part }: Call.Call): boolean => asks > 1 && part === "ask" && hedge !== true

const onDispatched = (fiber: AnyFiber, seen: (at: number) => void): Event.Listener => {
  const listener = fiber.getRef(Event.Listener)
  return {
    ...listener,
    emit: (event) => {
      if (event._tag === "Dispatched") seen(event.at)
      return listener.emit(event)
    }
  }
}

const millis = (fiber: AnyFiber): number => fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()

/** Reads of a fiber that must not suspend: callbacks of timers, streams and observers have no effect of their own to run. */
import { Clock, type Fiber } from "effect"

export type AnyFiber = Fiber.Fiber<unknown, unknown>

/** The time by the fiber's clock, in epoch milliseconds. */
export const nowMillis = (fiber: AnyFiber): number => fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()

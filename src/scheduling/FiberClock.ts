/** Reads of a fiber's services in callbacks (of timers, streams and observers), where no effect can be run. */
import { Clock, type Fiber } from "effect"

export type AnyFiber = Fiber.Fiber<unknown, unknown>

/** The time by the fiber's clock, in epoch milliseconds. */
export const nowMillis = (fiber: AnyFiber): number => fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()

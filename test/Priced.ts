/** What an attempt cost, as `Event.emit` stamps it, for tests that make their events by hand. */
import { type Message, Price } from "fanfold"

/** The same event with its cost, where it has a usage and its model a price. */
export const priced = <E extends { readonly _tag: string }>(
  event: E & { readonly model?: string; readonly usage?: Message.Usage }
): E => {
  const { _tag, model, usage } = event
  const isPriced = _tag === "Replied" || _tag === "AttemptFailed" || _tag === "Reused"
  if (!isPriced || model === undefined || usage === undefined) return event
  const costUsd = Price.usdOf(model, usage)
  return costUsd === undefined ? event : { ...event, costUsd }
}

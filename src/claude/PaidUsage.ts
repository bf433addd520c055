/** Adds up what attempts have cost, second copies and failed tries included, as an observer of them. */
import type { AskError } from "./AskError.ts"
import type { Attempt, End, Observer } from "./Attempt.ts"
import { addPaid, type Usage } from "./Message.ts"

export class PaidUsage implements Observer {
  /** Of all attempts that have ended; `undefined` where none has reported any. */
  usage: Usage | undefined

  onEnd(_attempt: Attempt, { usage }: End): void {
    this.usage = addPaid(this.usage, usage)
  }

  /** The error with this usage, where it is known. */
  inError(error: AskError): AskError {
    return this.usage === undefined || error.usage === this.usage ? error : error.with({ usage: this.usage })
  }
}

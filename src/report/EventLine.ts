/**
 * A line of `--events`: an event as the journal keeps it, as JSON. Questions, and what may quote an answer, are left out unless
 * content is asked for; then the request and the answer of each attempt stand in the line too.
 */
import type { Content, Event } from "../claude/Event.ts"
import { withoutData } from "../claude/Document.ts"
import { withoutContent } from "../claude/EventContent.ts"
import type { Request, Turn } from "../claude/Message.ts"

/** Writes the events of one run as lines. */
export class EventLines {
  readonly #isWithContent: boolean
  #context: Request["context"]

  constructor(isWithContent: boolean) {
    this.#isWithContent = isWithContent
  }

  /** One line, with its line break. */
  of(event: Event, content?: Content): string {
    const value = this.#isWithContent ? { ...event, ...this.#contentOf(content) } : withoutContent(event)
    return `${JSON.stringify(value)}\n`
  }

  #contentOf({ reply, request }: Content = {}): {
    readonly request?: Request
    readonly content?: Turn["content"]
  } {
    if (reply !== undefined) return { content: reply.content }
    if (request === undefined) return {}
    const { context, files, ...others } = request
    const rest = files === undefined ? others : { ...others, files: files.map(withoutData) }
    // A document of many asks is not repeated in the line of each.
    if (context === undefined || context === this.#context) return { request: rest }
    this.#context = context
    return { request: { ...rest, context: typeof context === "string" ? context : context.map(withoutData) } }
  }
}

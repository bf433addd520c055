/** The control paths of the server: with them, tests in any language register replies and faults, and read the journal. */
import { Schema } from "effect"
import type { Matcher } from "./answers/Matcher.ts"
import type { RegisteredReply } from "./answers/Replies.ts"
import type { Reply as WrittenReply } from "./answers/Reply.ts"
import type { Fault } from "./faults/Fault.ts"
import type { Conditions } from "./faults/FaultRules.ts"
import type { Journal } from "./journal/Journal.ts"
import type { Statement } from "./journal/Ledger.ts"
import type { Verdict } from "./journal/Verdict.ts"
import * as Scenario from "./scenarios/Scenario.ts"

/** The part of a mock that the paths control. */
export interface Controlled {
  readonly when: (matcher: Matcher) => { readonly reply: (reply: WrittenReply) => RegisteredReply }
  readonly fault: (fault: Fault, conditions?: Conditions) => void
  readonly reset: () => void
  readonly journal: Pick<Journal, "attempts" | "entries" | "inFlight" | "peakInFlight"> & {
    readonly verdict: () => Verdict
    readonly ledger: () => Statement
  }
}

const strict = { errors: "all", onExcessProperty: "error" } as const

/** One reply with its matcher, and how many requests it answers at most. */
const Reply = Schema.Struct({
  when: Schema.optionalKey(Scenario.When),
  reply: Scenario.ScenarioReply.fields.reply,
  times: Schema.optionalKey(Schema.Int)
})
const decodeReply = Schema.decodeUnknownSync(Reply, strict)
const decodeFault = Schema.decodeUnknownSync(Scenario.ScenarioFault, strict)

const prefix = "/__mock/"

/** The control paths with what each takes and gives. */
const paths: Readonly<Record<string, string>> = {
  [`POST ${prefix}when`]: "registers a reply: { when: { user, system, model, part, nth }, reply, times }",
  [`POST ${prefix}fault`]:
    "registers a fault: { fault: { kind, … }, operation, when, times, attempts, probability, betweenSeconds }",
  [`GET ${prefix}journal`]: "gives the requests received so far, and the verdict on the client",
  [`GET ${prefix}ledger`]: "gives what the API would bill: each message, the sum, and what was billed twice",
  [`POST ${prefix}reset`]:
    "back to the start of the scenario: forgets registered replies and faults, the journal and the ledger"
}

const description = {
  name: "fanfold mock",
  description:
    "An offline Claude: the Messages API, simulated. Set ANTHROPIC_BASE_URL to this address; any key is accepted.",
  api: ["POST /v1/messages", "POST /v1/messages/count_tokens", "/v1/messages/batches", "GET /v1/models"],
  control: paths
}

const done = (): Response => Response.json({ ok: true })

const handlers = (claude: Controlled): Readonly<Record<string, (body: unknown) => Response>> => ({
  [`POST ${prefix}when`]: (body) => {
    const { reply, times, when = {} } = decodeReply(body)
    const registered = claude.when(when).reply(reply)
    if (times !== undefined) registered.times(times)
    return done()
  },
  [`POST ${prefix}fault`]: (body) => {
    const { fault, ...conditions } = decodeFault(body)
    claude.fault(fault, conditions)
    return done()
  },
  [`GET ${prefix}journal`]: () => {
    const { attempts, entries, inFlight, peakInFlight } = claude.journal
    return Response.json({ attempts, inFlight, peakInFlight, verdict: claude.journal.verdict(), entries })
  },
  [`GET ${prefix}ledger`]: () => Response.json(claude.journal.ledger()),
  [`POST ${prefix}reset`]: () => {
    claude.reset()
    return done()
  }
})

/** Answers the control paths and `GET /`, and hands on all other requests to `fetch`. A wrong body gets a 400 that says why. */
export const around = (fetch: typeof globalThis.fetch, claude: Controlled): typeof globalThis.fetch => {
  const byPath = handlers(claude)
  return async (input, init) => {
    const { pathname } = new URL(input instanceof Request ? input.url : input)
    const method = init?.method ?? "GET"
    if (pathname === "/" && method === "GET") return Response.json(description)
    if (!pathname.startsWith(prefix)) return fetch(input, init)
    const answer = byPath[`${method} ${pathname}`]
    if (answer === undefined)
      return Response.json({ error: `no such path: ${method} ${pathname}`, paths }, { status: 404 })
    try {
      return answer(typeof init?.body === "string" ? JSON.parse(init.body) : {})
    } catch (error) {
      return Response.json({ error: error instanceof Error ? error.message : String(error) }, { status: 400 })
    }
  }
}

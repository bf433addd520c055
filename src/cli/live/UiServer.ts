/** Serves the page of a run on loopback while it goes on, to whoever has the address, which has a token in it. */
import type { IncomingMessage, Server, ServerResponse } from "node:http"
import { Effect, type Scope } from "effect"
import type { Interventions } from "../../interventions/Interventions.ts"
import type { Answer, View } from "../../report/View.ts"
import * as Protocol from "./Protocol.ts"
import * as UiGuard from "./UiGuard.ts"

/** The run as it is, for the page. */
export interface Shown {
  /** Counts its changes, so that a page asks only for what is new. */
  readonly revision: () => number
  readonly view: () => View
  /** In the order of the asks; null where there is none. */
  readonly answers: Effect.Effect<ReadonlyArray<Answer | null>>
  readonly interventions: Interventions
}

export interface UiServer {
  /** With the token. */
  readonly address: string
  /** Shows this from here on, and ends once the page, if there is one, has it; or after a while. */
  readonly finish: (last: Pick<Shown, "view" | "answers">) => Effect.Effect<void>
}

/** How long the last state is kept for a page that has asked within the time before: it asks each second. */
const lastMillis = 5000

export const open = (shown: Shown): Effect.Effect<UiServer, never, Scope.Scope> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<never>()
    const run = <A>(effect: Effect.Effect<A>): Promise<A> => Effect.runPromiseWith(context)(effect)
    const handler = new Handler(shown, run)
    const server = yield* Effect.acquireRelease(listening(handler), (server) =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      })
    )
    const port = (server.address() as { readonly port: number }).port
    handler.guard = UiGuard.make(port)
    return {
      address: `http://127.0.0.1:${port}/?token=${handler.guard.token}`,
      finish: (last) => handler.finish(last)
    }
  })

const page = Effect.flatMap(
  Effect.promise(() => import("../../report/Html.ts")),
  ({ servedPage }) => servedPage
)

const listening = (handler: Handler): Effect.Effect<Server> =>
  Effect.callback((resume) => {
    const server = process.getBuiltinModule("node:http").createServer((request, response) => {
      handler.handle(request, response).catch((error: unknown) => {
        // Half of a response cannot become another one.
        if (response.headersSent) response.destroy()
        else end(response, 500, String(error))
      })
    })
    server.listen(0, "127.0.0.1", () => {
      // A run does not live longer for its page.
      server.unref()
      resume(Effect.succeed(server))
    })
  })

class Handler {
  guard!: UiGuard.UiGuard
  readonly #shown: Shown
  readonly #run: <A>(effect: Effect.Effect<A>) => Promise<A>
  #last: Pick<Shown, "view" | "answers"> | undefined
  #askedAt = Number.NEGATIVE_INFINITY
  #onFetched: () => void = () => {}

  constructor(shown: Shown, run: <A>(effect: Effect.Effect<A>) => Promise<A>) {
    this.#shown = shown
    this.#run = run
  }

  finish(last: Pick<Shown, "view" | "answers">): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#last = last
      if (performance.now() - this.#askedAt > lastMillis) return Effect.void
      const fetched = Effect.callback<void>((resume) => {
        this.#onFetched = () => resume(Effect.void)
      })
      return Effect.raceFirst(fetched, Effect.sleep(lastMillis))
    })
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://127.0.0.1")
    for (const [name, value] of Object.entries(UiGuard.headers)) response.setHeader(name, value)
    const problem = this.guard.problemOf(request, url)
    if (problem !== undefined) return end(response, 403, problem)
    switch (`${request.method ?? ""} ${url.pathname}`) {
      case "GET /":
        return end(response, 200, await this.#run(page), "text/html; charset=utf-8")
      case "GET /view":
        return this.#view(url, response)
      case "GET /answers": {
        const isLast = this.#last !== undefined
        const answers = await this.#run(this.#last?.answers ?? this.#shown.answers)
        response.on("finish", () => isLast && this.#onFetched())
        return json(response, answers)
      }
      case "POST /interventions":
        return json(response, await this.#intervene(request))
      default:
        end(response, 404, "no such path")
    }
  }

  /** Without content where the page has this revision. */
  #view(url: URL, response: ServerResponse): void {
    this.#askedAt = performance.now()
    const isLast = this.#last !== undefined
    const revision = isLast ? "last" : String(this.#shown.revision())
    if (url.searchParams.get("since") === revision) return end(response, 204, "")
    json(response, { revision, isLast, view: (this.#last ?? this.#shown).view() })
  }

  async #intervene(request: IncomingMessage): Promise<Protocol.Answer> {
    let body = ""
    request.setEncoding("utf8")
    for await (const chunk of request) {
      body += String(chunk)
      if (body.length > Protocol.maxLength) return Protocol.refused("the request is too long")
    }
    return this.#run(Protocol.answer(this.#shown.interventions, body))
  }
}

const json = (response: ServerResponse, value: unknown): void =>
  end(response, 200, JSON.stringify(value), "application/json")

const end = (response: ServerResponse, status: number, body: string, type = "text/plain; charset=utf-8"): void => {
  response.writeHead(status, body === "" ? {} : { "content-type": type })
  response.end(body)
}

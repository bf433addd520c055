/** Chooses the endpoint for a request by its path and method. */
import * as ApiError from "../wire/ApiError.ts"
import type * as Batches from "./Batches.ts"
import type { Exchange, Rules } from "./Exchange.ts"
import * as Messages from "./Messages.ts"
import * as ModelList from "./ModelList.ts"
import type { Outgoing } from "../wire/Outgoing.ts"
import * as Validation from "./Validation.ts"

/** Answers a request to one endpoint; `rest` is what its path has after the endpoint's. */
type Answer = (rules: Rules, exchange: Exchange, rest: string) => Outgoing

/** One endpoint: the pattern of its path, whose first group is `rest`, and the answer by method. */
interface Endpoint {
  readonly path: RegExp
  readonly methods: Readonly<Record<string, Answer>>
}

const removed: Answer = (_, exchange) =>
  exchange.reject(ApiError.invalid("The Text Completions API is not supported. Use the Messages API instead."))

const endpoints = (batches: Batches.Batches): ReadonlyArray<Endpoint> => {
  const batch: Answer = (_, exchange, rest) => batches.answer(exchange, rest)
  return [
    { path: /^\/v1\/messages()$/, methods: { POST: Messages.answer } },
    { path: /^\/v1\/messages\/count_tokens()$/, methods: { POST: Messages.countTokens } },
    { path: /^\/v1\/messages\/batches()$/, methods: { GET: batch, POST: batch } },
    { path: /^\/v1\/messages\/batches(\/[^/]+)$/, methods: { GET: batch, DELETE: batch } },
    { path: /^\/v1\/messages\/batches(\/[^/]+\/cancel)$/, methods: { POST: batch } },
    { path: /^\/v1\/messages\/batches(\/[^/]+\/results)$/, methods: { GET: batch } },
    { path: /^\/v1\/models()$/, methods: { GET: (_, exchange) => ModelList.list(exchange) } },
    { path: /^\/v1\/models\/(.+)$/, methods: { GET: (_, exchange, name) => ModelList.one(exchange, name) } },
    { path: /^\/v1\/files()$/, methods: { GET: (_, exchange) => ModelList.empty(exchange) } },
    { path: /^\/v1\/complete()$/, methods: { POST: removed } }
  ]
}

/** Makes the router of a mock: it checks the envelope of a request; an unknown path gets a 404, a wrong method a 405. */
export const make = (rules: Rules, batches: Batches.Batches): ((exchange: Exchange) => Outgoing) => {
  const all = endpoints(batches)
  return (exchange) => {
    const { method, url } = exchange.incoming
    if (!url.pathname.startsWith("/v1/")) return exchange.reject(ApiError.notFound("Not found"))
    const error = Validation.checkEnvelope(exchange.incoming, rules.apiVersion)
    if (error !== undefined) return exchange.reject(error)
    for (const { methods, path } of all) {
      const match = path.exec(url.pathname)
      if (match === null) continue
      const answer = methods[method]
      return answer === undefined
        ? exchange.reject(ApiError.methodNotAllowed, { allow: Object.keys(methods).join(", ") })
        : answer(rules, exchange, decodeURIComponent(match[1]!))
    }
    return exchange.reject(ApiError.notFound("Not found"))
  }
}

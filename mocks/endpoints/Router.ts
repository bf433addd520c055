/** Answers a request by its operation. */
import * as ApiError from "../wire/ApiError.ts"
import type * as Batches from "./Batches.ts"
import type { Exchange, Rules } from "./Exchange.ts"
import * as Messages from "./Messages.ts"
import * as ModelList from "./ModelList.ts"
import * as Operation from "../wire/Operation.ts"
import type { Outgoing } from "../wire/Outgoing.ts"
import * as Validation from "./Validation.ts"

/** Answers a request of one operation; `id` is that of its path, empty if it has none. */
type Answer = (exchange: Exchange, id: string) => Outgoing

const answers = (rules: Rules, batches: Batches.Batches): Readonly<Record<Operation.Operation, Answer>> => ({
  "messages.create": (exchange) => Messages.answer(rules, exchange),
  "messages.countTokens": (exchange) => Messages.countTokens(rules, exchange),
  "batches.create": batches.create,
  "batches.list": batches.list,
  "batches.retrieve": batches.retrieve,
  "batches.delete": batches.remove,
  "batches.cancel": batches.cancel,
  "batches.results": batches.results,
  "models.list": ModelList.list,
  "models.retrieve": ModelList.one,
  "files.list": ModelList.empty,
  "completions.create": (exchange) =>
    exchange.reject(ApiError.invalid("The Text Completions API is not supported. Use the Messages API instead."))
})

/** Makes the router of a mock: it checks the envelope of a request; an unknown path gets a 404, a wrong method a 405. */
export const make = (rules: Rules, batches: Batches.Batches): ((exchange: Exchange) => Outgoing) => {
  const all = answers(rules, batches)
  return (exchange) => {
    const { method, url } = exchange.incoming
    if (!url.pathname.startsWith("/v1/")) return exchange.reject(ApiError.notFound("Not found"))
    const error = Validation.checkEnvelope(exchange.incoming, rules.apiVersion)
    if (error !== undefined) return exchange.reject(error)
    const found = Operation.find(method, url.pathname)
    if (found === undefined) return exchange.reject(ApiError.notFound("Not found"))
    return found.operation === undefined
      ? exchange.reject(ApiError.methodNotAllowed, { allow: found.allow })
      : all[found.operation](exchange, decodeURIComponent(found.encodedId))
  }
}

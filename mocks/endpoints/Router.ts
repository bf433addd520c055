/** Chooses the endpoint for a request by its path and method. */
import * as ApiError from "../wire/ApiError.ts"
import type * as Batches from "./Batches.ts"
import type { Exchange, Rules } from "./Exchange.ts"
import * as Messages from "./Messages.ts"
import * as ModelList from "./ModelList.ts"
import type { Outgoing } from "../wire/Outgoing.ts"
import * as Validation from "./Validation.ts"

const batchesPath = "/v1/messages/batches"
const modelsPath = "/v1/models"

/** Checks the envelope of a request and answers it; replies with 404 to a path that the API does not have. */
export const route = (rules: Rules, batches: Batches.Batches, exchange: Exchange): Outgoing => {
  const { method, url } = exchange.incoming
  const path = url.pathname
  const error = Validation.checkEnvelope(exchange.incoming, rules.apiVersion)
  if (error !== undefined) return exchange.reject(error)
  if (path === "/v1/messages" && method === "POST") return Messages.answer(rules, exchange)
  if (path === "/v1/messages/count_tokens" && method === "POST") return Messages.countTokens(exchange)
  if (path === modelsPath && method === "GET") return ModelList.list(exchange)
  if (path.startsWith(`${modelsPath}/`) && method === "GET") {
    return ModelList.one(exchange, decodeURIComponent(path.slice(modelsPath.length + 1)))
  }
  const isBatches = path === batchesPath || path.startsWith(`${batchesPath}/`)
  const reply = isBatches ? batches.answer(exchange, path.slice(batchesPath.length)) : undefined
  return reply ?? exchange.reject(ApiError.notFound("Not found"))
}

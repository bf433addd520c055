/** Rows of message batches: their states, results, lists, and what goes wrong around their creation. */
import type Anthropic from "@anthropic-ai/sdk"
import { fault } from "fanfold/mocks"
import { params, type Row, shown } from "./Row.ts"
import type { Reached } from "./Transport.ts"

const requestsOf = (...ids: ReadonlyArray<string>) =>
  ids.map((id) => ({
    custom_id: id,
    params: { ...params, messages: [{ role: "user" as const, content: `Question ${id}?` }] }
  }))

const create = ({ client }: Reached, ...ids: ReadonlyArray<string>) =>
  client.messages.batches.create({ requests: requestsOf(...ids) })

const ended = async ({ client }: Reached, id: string) => {
  for (;;) {
    const found = await client.messages.batches.retrieve(id)
    if (found.processing_status === "ended") return found
  }
}

const resultsOf = async ({ client }: Reached, id: string) => {
  const results: Array<Anthropic.Messages.MessageBatchIndividualResponse> = []
  for await (const line of await client.messages.batches.results(id)) results.push(line)
  return results
}

const typesOf = async (reached: Reached, id: string) =>
  (await resultsOf(reached, id)).map(({ custom_id, result }) => `${custom_id} ${result.type}`).toSorted()

const listed = async ({ client }: Reached) => (await client.messages.batches.list()).data.map(({ id }) => id)

/** Loses the reply to the first creation in one way, and gives what the client gets, and what is in the list after it and a second one. */
const createdTwice = (one: fault.Fault) => async (reached: Reached) => {
  reached.claude.fault(one, { operation: "batches.create", times: 1 })
  const first = await shown(create(reached, "a", "b"))
  const { length: afterFirst } = await listed(reached)
  await create(reached, "a", "b")
  const all = await listed(reached)
  for (const id of all) await ended(reached, id)
  const { billedTwice, messages } = reached.claude.journal.ledger()
  return { first, afterFirst, afterSecond: all.length, messages, billedTwice: billedTwice.length }
}

const once = { afterFirst: 0, afterSecond: 1, messages: 2, billedTwice: 0 }
const twice = { afterFirst: 1, afterSecond: 2, messages: 4, billedTwice: 2 }
const quick = { batches: { processingMillis: 30 } }

export const batches: ReadonlyArray<Row> = [
  {
    name: "batch, results in any order",
    options: quick,
    see: async (reached) => {
      const requests = requestsOf("a", "b", "c")
      requests[2]!.params.max_tokens = -1
      const made = await reached.client.messages.batches.create({ requests })
      await ended(reached, made.id)
      return {
        first: made.processing_status,
        results: await typesOf(reached, made.id),
        listed: (await listed(reached)).length,
        deleted: (await reached.client.messages.batches.delete(made.id)).type
      }
    },
    expected: {
      first: "in_progress",
      results: ["a succeeded", "b succeeded", "c errored"],
      listed: 1,
      deleted: "message_batch_deleted"
    }
  },
  {
    name: "batch, cancelled",
    options: { batches: { processingMillis: 2000 } },
    see: async (reached) => {
      const { id } = await create(reached, "a")
      const canceling = await reached.client.messages.batches.cancel(id)
      const { cancel_initiated_at, request_counts } = await ended(reached, id)
      return [
        canceling.processing_status,
        cancel_initiated_at === canceling.cancel_initiated_at,
        request_counts.canceled
      ]
    },
    expected: ["canceling", true, 1]
  },
  {
    name: "batch, cancelled after its end",
    options: { batches: { processingMillis: 0 } },
    see: async (reached) => {
      const { id } = await create(reached, "a")
      return [await shown(reached.client.messages.batches.cancel(id)), await typesOf(reached, id)]
    },
    expected: ["BadRequestError 400 invalid_request_error", ["a succeeded"]]
  },
  {
    name: "batch, expired",
    options: { batches: { processingMillis: 2000, expiresMillis: 1 } },
    see: async (reached) => (await ended(reached, (await create(reached, "a")).id)).request_counts.expired,
    expected: 1
  },
  {
    name: "batch, requests that fail or never end",
    options: { batches: { processingMillis: 1, expiresMillis: 40 } },
    see: async (reached) => {
      reached.claude.fault(fault.serverError(), { operation: "batches.item", when: { user: "Question b" } })
      reached.claude.fault(fault.hang(), { operation: "batches.item", when: { user: "Question c" } })
      const { id } = await create(reached, "a", "b", "c")
      await ended(reached, id)
      return [await typesOf(reached, id), reached.claude.journal.ledger().messages]
    },
    expected: [["a succeeded", "b errored", "c expired"], 1]
  },
  {
    name: "batch, results before the end, which the SDK does not ask for",
    see: async (reached) => shown(resultsOf(reached, (await create(reached, "a")).id)),
    expected: "AnthropicError"
  },
  {
    name: "batch, results that are cut",
    options: { batches: { processingMillis: 0 } },
    see: async (reached) => {
      const { id } = await create(reached, "a", "b", "c", "d")
      reached.claude.fault(fault.cut(), { operation: "batches.results", times: 1 })
      return [await shown(resultsOf(reached, id)), (await resultsOf(reached, id)).length]
    },
    expected: ["TypeError", 4]
  },
  {
    name: "batch, pages of the list",
    see: async (reached) => {
      const ids: Array<string> = []
      for (const name of ["a", "b", "c", "d", "e"]) ids.unshift((await create(reached, name)).id)
      const pageOf = async (query: Anthropic.Messages.BatchListParams) => {
        const { data, first_id, has_more, last_id } = await reached.client.messages.batches.list(query)
        const places = data.map(({ id }) => ids.indexOf(id))
        return [places, has_more, ids.indexOf(first_id ?? ""), ids.indexOf(last_id ?? "")]
      }
      const all = []
      for await (const { id } of reached.client.messages.batches.list({ limit: 2 })) all.push(ids.indexOf(id))
      return [
        await pageOf({ limit: 2 }),
        await pageOf({ limit: 2, after_id: ids[1]! }),
        await pageOf({ before_id: ids[2]! }),
        all
      ]
    },
    expected: [
      [[0, 1], true, 0, 1],
      [[2, 3], true, 2, 3],
      [[0, 1], false, 0, 1],
      [0, 1, 2, 3, 4]
    ]
  },
  {
    name: "batch, 503 before it is made",
    options: quick,
    see: createdTwice(fault.unavailable()),
    expected: { ...once, first: "ServiceUnavailableError 503 api_error" }
  },
  {
    name: "batch, reset before it is made",
    options: quick,
    see: createdTwice(fault.reset()),
    expected: { ...once, first: "APIConnectionError" }
  },
  {
    name: "batch, 504 after it was made",
    options: quick,
    see: createdTwice(fault.lost({ status: 504 })),
    expected: { ...twice, first: "GatewayTimeoutError 504 api_error" }
  },
  {
    name: "batch, reset after it was made",
    options: quick,
    see: createdTwice(fault.lost()),
    expected: { ...twice, first: "APIConnectionError" }
  }
]

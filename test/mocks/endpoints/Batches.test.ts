/** How batches are made, pass and end. */
import { assert, describe, it } from "@effect/vitest"
import { fault } from "fanfold/mocks"
import { checkEnvelope } from "../../../mocks/endpoints/Validation.ts"
import { hour, ids, open } from "./Batched.ts"

describe("a batch", () => {
  it("counts all requests as processing until it ends, and then for good", async () => {
    const { create, get, send, time } = open()
    const made = await create(ids(20))
    assert.deepInclude(made, {
      created_at: "1970-01-01T00:00:00.000000+00:00",
      expires_at: "1970-01-02T00:00:00.000000+00:00",
      results_url: null
    })
    await time.advance(hour / 2)
    const half = await get(made.id)
    assert.strictEqual((await send("GET", `/batches/${made.id}/results`)).status, 404)
    assert.deepStrictEqual(half.request_counts, { processing: 20, succeeded: 0, errored: 0, canceled: 0, expired: 0 })
    await time.advance(hour / 2)
    const { ended_at, processing_status, request_counts, results_url } = await get(made.id)
    assert.deepStrictEqual([processing_status, request_counts.succeeded], ["ended", 20])
    assert.isTrue(Date.parse(ended_at) > hour / 2 && Date.parse(ended_at) < hour)
    assert.strictEqual(results_url, `https://api.anthropic.com/v1/messages/batches/${made.id}/results`)
    await time.advance(hour)
    assert.strictEqual((await get(made.id)).ended_at, ended_at)
  })

  it("expires after 24 hours, and bills what was done by then", async () => {
    const { claude, create, get, results, time } = open({ batches: { processingMillis: 48 * hour } })
    const { id } = await create(ids(100))
    await time.advance(24 * hour - 1)
    assert.strictEqual((await get(id)).processing_status, "in_progress")
    await time.advance(1)
    const { request_counts } = await get(id)
    assert.isTrue(request_counts.succeeded > 30 && request_counts.expired > 30, JSON.stringify(request_counts))
    assert.strictEqual(claude.journal.ledger().messages, request_counts.succeeded)
    assert.deepStrictEqual((await results(id)).find(({ result }: any) => result.type === "expired").result, {
      type: "expired"
    })
  })

  it("finishes what is under way when it is canceled, and bills that", async () => {
    const { claude, create, get, send, time } = open()
    const { id } = await create(ids(100))
    await time.advance(hour / 2)
    const before = claude.journal.ledger().messages
    await send("POST", `/batches/${id}/cancel`)
    assert.strictEqual((await get(id)).processing_status, "canceling")
    await time.advance(hour / 4)
    const { processing_status, request_counts } = await get(id)
    assert.strictEqual(processing_status, "ended")
    assert.isAbove(request_counts.succeeded, before)
    assert.isAbove(request_counts.canceled, 0)
    assert.strictEqual(claude.journal.ledger().messages, request_counts.succeeded)
  })

  it("gives the same results at each reading, in another order than the requests, until it is archived", async () => {
    const { create, get, results, send, time } = open()
    const { id } = await create(ids(20))
    await time.advance(hour)
    const first = await results(id)
    assert.notDeepEqual(
      first.map(({ custom_id }: any) => custom_id),
      ids(20)
    )
    assert.sameMembers(
      first.map(({ custom_id }: any) => custom_id),
      ids(20)
    )
    await time.advance(28 * 24 * hour)
    assert.deepStrictEqual(await results(id), first)
    await time.advance(24 * hour)
    assert.strictEqual((await send("GET", `/batches/${id}/results`)).status, 404)
    assert.deepInclude(await get(id), { archived_at: "1970-01-30T00:00:00.000000+00:00", results_url: null })
  })

  it("has requests that meet only the faults of single requests", async () => {
    const { claude, create, get, time } = open()
    claude.fault(fault.serverError(), { when: { user: "Question" } })
    claude.fault(fault.overloaded(), { operation: "batches.item", times: 1 })
    const { id } = await create(["a", "b"])
    await time.advance(hour)
    const { request_counts } = await get(id)
    assert.deepInclude(request_counts, { succeeded: 1, errored: 1 })
  })

  it("may be listed later than it is made", async () => {
    const { create, get, send, time } = open({ batches: { listedMillis: 5000 } })
    const { id } = await create(["a"])
    await time.advance(4999)
    assert.deepStrictEqual((await send("GET", "/batches")).body.data, [])
    assert.strictEqual((await get(id)).id, id)
    await time.advance(1)
    assert.strictEqual((await send("GET", "/batches")).body.data[0].id, id)
  })

  it.each([{}, { status: 504 }])("may be made late, when its reply is lost: %o", async (how) => {
    const { claude, create, send, time } = open({ batches: { listedMillis: 5000 } })
    claude.fault(fault.lost({ ...how, millis: 60_000 }), { operation: "batches.create" })
    const created = create(["a"]).then(
      ({ error }) => error.type,
      ({ cause }) => cause.code
    )
    let isOver = false
    void created.then(() => {
      isOver = true
    })
    await time.advance(59_999)
    assert.isFalse(isOver)
    await time.advance(1)
    assert.strictEqual(await created, "status" in how ? "api_error" : "ECONNRESET")
    await time.advance(4999)
    assert.deepStrictEqual((await send("GET", "/batches")).body.data, [])
    await time.advance(1)
    assert.deepInclude((await send("GET", "/batches")).body.data[0], { created_at: "1970-01-01T00:01:00.000000+00:00" })
  })

  it("passes in seconds with a time scale, also what it says of the times", async () => {
    const { create, get, send, time } = open({ timeScale: 1 / 3600, batches: { processingMillis: 48 * hour } })
    const made = await create(ids(10))
    assert.strictEqual(Date.parse(made.expires_at) - Date.parse(made.created_at), 24_000)
    await time.advance(24_000)
    assert.strictEqual((await get(made.id)).processing_status, "ended")
    const { status } = await send("GET", `/batches/${made.id}/results`)
    assert.strictEqual(status, 200)
  })
})

describe("the creation of a batch is rejected", () => {
  it.each([
    ["without requests", {}, "requests: Field required"],
    ["with none", { requests: [] }, "requests: at least one request is required"],
    ["with what is no request", { requests: [7] }, "requests.0: Input should be an object"],
    ["without parameters", { requests: [{ custom_id: "a" }] }, "requests.0.params: Field required"],
    [
      "with a long id",
      { requests: [{ custom_id: "a".repeat(65), params: {} }] },
      "requests.0.custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'"
    ],
    [
      "with an id twice",
      {
        requests: [
          { custom_id: "a", params: {} },
          { custom_id: "a", params: {} }
        ]
      },
      "requests: custom_id must be unique"
    ],
    [
      "with more than 100,000",
      { requests: Array.from({ length: 100_001 }, (_, index) => ({ custom_id: `${index}`, params: {} })) },
      "requests: at most 100000 requests may be sent in a batch"
    ]
  ])("%s", async (_, json, message) => {
    const { send } = open()
    const { body, status } = await send("POST", "/batches", json)
    assert.deepStrictEqual([status, body.error.message], [400, message])
    assert.deepStrictEqual((await send("GET", "/batches")).body.data, [])
  })

  it.each(["e", "é"])("above 256 MiB, by a 413 of the edge: of %s", (character) => {
    const statusOf = (bytes: number) => {
      const text = character.repeat(bytes / new TextEncoder().encode(character).length)
      const url = new URL("https://api.anthropic.com/v1/messages/batches")
      const incoming = { method: "POST", url, headers: new Headers(), text, json: undefined, signal: undefined }
      return checkEnvelope(incoming, undefined)?.status
    }
    const limit = 256 * 1024 * 1024
    // The key is checked once the size is right.
    assert.deepStrictEqual([statusOf(limit + 2), statusOf(limit)], [413, 401])
  })
})

/** What batches cost: the cache that they read, and the ledger of what was billed. */
import { assert, describe, it } from "@effect/vitest"
import { fault } from "fanfold/mocks"
import { body } from "../ask.ts"
import { hour, ids, open } from "./Batched.ts"

const document = "A sentence of the shared document. ".repeat(1000)
const system = [{ type: "text", text: document, cache_control: { type: "ephemeral", ttl: "1h" } }]

/** Tokens read and created by each of the requests of a batch. */
const useOf = (results: ReadonlyArray<any>) =>
  results.map(({ result }) => {
    const { cache_creation, cache_read_input_tokens: read } = result.message.usage
    return { read, created: cache_creation.ephemeral_1h_input_tokens }
  })

describe("the cache of batches", () => {
  it("is primed by a batch that has ended, not by the same batch, and not by a message", async () => {
    const { create, results, send, time } = open()
    await send("POST", "", body("Live?", { system }))
    const cold = await create(ids(3), { system })
    await time.advance(hour)
    const [first, ...others] = useOf(await results(cold.id))
    assert.isAbove(first!.created, 4096)
    assert.deepStrictEqual(others, [first!, first!])
    const warm = await create(["w0", "w1", "w2"], { system })
    await time.advance(hour)
    const read = { read: first!.created, created: 0 }
    assert.deepStrictEqual(useOf(await results(warm.id)), [read, read, read])
    const live = await send("POST", "", body("Live again?", { system }))
    assert.strictEqual(live.body.usage.cache_read_input_tokens, 0)
  })

  it.each([1, 1 / 3600])("lasts a simulated hour after its last use, at a time scale of %d", async (timeScale) => {
    const { create, results, time } = open({ timeScale, batches: { processingMillis: 0 } })
    const primed = await create(["prime"], { system })
    await time.advance(59 * 60_000 * timeScale)
    const warm = await create(["warm"], { system })
    await time.advance(61 * 60_000 * timeScale)
    const late = await create(["late"], { system })
    const uses = await Promise.all([primed, warm, late].map(async ({ id }) => useOf(await results(id))[0]!))
    assert.deepStrictEqual(
      uses.map(({ read }) => read > 0),
      [false, true, false]
    )
  })
})

describe("the ledger", () => {
  it("bills a batch at half the price of the same messages, by tokens of the API's usage", async () => {
    const { claude, create, results, send, time } = open()
    const usages: Array<any> = []
    for (const id of ids(5))
      usages.push((await send("POST", "", body(`Question ${id}?`, { max_tokens: 50 }))).body.usage)
    const live = claude.journal.ledger()
    const usd = usages.reduce(
      (sum, { input_tokens, output_tokens }) => sum + (input_tokens + 5 * output_tokens) / 1e6,
      0
    )
    assert.closeTo(live.usd!, usd, 1e-12)
    claude.reset()
    claude.when({}).reply("The same.")
    const { id } = await create(ids(5), { max_tokens: 50 })
    await time.advance(hour)
    const { bills, usd: half } = claude.journal.ledger()
    const tiers = (await results(id)).map(({ result }: any) => result.message.usage.service_tier)
    assert.deepStrictEqual(tiers, Array(5).fill("batch"))
    claude.reset()
    claude.when({}).reply("The same.")
    for (const id of ids(5)) await send("POST", "", body(`Question ${id}?`, { max_tokens: 50 }))
    assert.closeTo(half!, claude.journal.ledger().usd! / 2, 1e-15)
    assert.sameMembers(
      bills.map(({ customId }) => customId),
      ids(5)
    )
    assert.isTrue(bills.every(({ batchId }) => batchId === id))
  })

  it("shows what was billed twice, in two batches or in a batch and live, with or without a stream", async () => {
    const { claude, create, send, time } = open()
    await create(["a", "b", "c"])
    await create(["a"])
    await time.advance(hour)
    await send("POST", "", { ...body("Question b?"), cache_control: { type: "ephemeral" } })
    await send("POST", "", { ...body("Question d?"), max_tokens: 7 })
    const { bills, billedTwice, messages } = claude.journal.ledger()
    assert.deepStrictEqual([messages, billedTwice.map(({ bills }) => bills)], [6, [2, 2]])
    const twice = new Set(billedTwice.map(({ key }) => key))
    const customIds = bills.filter(({ key }) => twice.has(key)).map(({ customId }) => customId)
    assert.sameMembers(customIds, ["a", "a", "b", null])
  })

  it("bills a message whose reply is lost, and none that failed before", async () => {
    const { claude, send } = open()
    claude.fault(fault.lost(), { times: 1 })
    claude.fault(fault.overloaded(), { times: 1 })
    const statuses = []
    for (const _ of [1, 2, 3]) {
      const sent = send("POST", "", body("x")).then(
        ({ status }) => status,
        () => "lost"
      )
      statuses.push(await sent)
    }
    assert.deepStrictEqual(statuses, ["lost", 529, 200])
    assert.deepInclude(claude.journal.ledger(), { messages: 2 })
  })
})

import Anthropic from "@anthropic-ai/sdk"
import { clock, fault, mockClaude } from "fanfold/mocks"

const time = clock.manual(Date.now())
const claude = mockClaude({ clock: time, batches: { processingMillis: 20 * 3_600_000 } })
claude.fault(fault.hang(), { operation: "batches.item", when: { user: "May" } })
claude.fault(fault.lost(), { operation: "batches.create", times: 1 })

const { batches } = new Anthropic({ apiKey: "any", fetch: claude.fetch, maxRetries: 0 }).messages
const requests = ["What grows in shade?", "What is in season in May?"].map((content, index) => ({
  custom_id: `q${index}`,
  params: { model: "claude-haiku-5-5", max_tokens: 100, messages: [{ role: "user" as const, content }] }
}))
await batches.create({ requests }).catch(() => console.log("no reply, but there is a batch"))
await time.advance(24 * 3_600_000)
for await (const { id, request_counts } of batches.list()) console.log(id, request_counts)
console.log(claude.journal.ledger())

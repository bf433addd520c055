import Anthropic from "@anthropic-ai/sdk"
import { mockClaude } from "fanfold/mocks/msw"
import { setupServer } from "msw/node"

const claude = mockClaude()
const server = setupServer(...claude.handlers())
server.listen({ onUnhandledFrame: "error" })

const client = new Anthropic({ apiKey: "any", baseURL: "https://api.anthropic.com" })
console.log((await client.models.list()).data.length, claude.journal.verdict().ok)
server.close()

/** A tape holds no key, cookie or id of an account, wherever in a request or reply it stands. */
import { readFile } from "node:fs/promises"
import { assert, describe, it } from "@effect/vitest"
import { mockClaude, record, replay } from "fanfold/mocks"
import { answer, clientOf, type Form, forms, key, params, player, recorder, tapes } from "./RoundTrip.ts"

const tape = await tapes()

const id = (digit: number): string => `${String(digit).repeat(8)}-89ab-cdef-0123-456789abcdef`
const bearer = "bearer-of/another+KEY-9876543210=="
const session = "session-cookie-5e55"
const gatewayKey = "gateway-key-4711"
const antKey = "sk-ant-api03-another-KEY_0123456789"
const secrets = [key, bearer, session, gatewayKey, antKey, "cf-account-4711", "query-secret-1", "reply-cookie-77"]
const ids = [1, 2, 3, 4, 5, 6].map(id)

const headers = {
  "content-type": "application/json",
  "x-api-key": key,
  authorization: `Bearer ${bearer}`,
  cookie: `theme=dark; sid=${session}`,
  "x-gateway-token": gatewayKey,
  "x-organization-id": id(1)
}

/** What a server may write that echoes a request, or explains an error. */
const echo = [
  key,
  `Bearer ${bearer}`,
  bearer,
  bearer.replaceAll("/", String.raw`\/`),
  `sid=${session}`,
  gatewayKey,
  antKey,
  "query-secret-1",
  "reply-cookie-77",
  id(1),
  id(2),
  `(org: ${id(3)})`,
  JSON.stringify({ organization_id: id(4) }),
  JSON.stringify(JSON.stringify({ org_uuid: id(5) })),
  `/v1/organizations/${id(6)}/keys`
].join(" and ")

const notOn = async (file: string, texts: ReadonlyArray<string>) => {
  const text = await readFile(file, "utf8")
  for (const secret of texts) assert.notInclude(text, secret)
  return text
}

const replyHeaders = {
  "content-type": "text/plain",
  "anthropic-organization-id": id(2),
  "anthropic-ratelimit-tokens-limit": "40000000",
  "set-cookie": "sid=reply-cookie-77; Path=/",
  "x-forwarded-authorization": `Bearer ${bearer}`,
  "x-litellm-key": key,
  "request-id": "req_1",
  "retry-after": "3"
}

const bodyWith = (secret: string) => ({
  ...params("q"),
  metadata: { user_id: `user-${secret}` },
  user_profile_id: `profile-${secret}`,
  workspace_id: `wrkspc_${secret}`,
  fallback_credit_token: `credit-${secret}`,
  mcp_servers: [{ type: "url", url: "https://mcp.example", name: "m", authorization_token: `mcp-${secret}` }]
})
const batch = (secret: string) => ({ requests: [{ custom_id: "a", params: bodyWith(secret) }] })
const send = async (fetch: typeof globalThis.fetch, path: string, body: object) => {
  const reply = await fetch(`http://x${path}`, { method: "POST", headers, body: JSON.stringify(body) })
  return reply.text()
}

describe("a tape holds no secret", () => {
  it.each([200, 401])("that a server echoes, with status %d", async (status) => {
    const file = tape(`echo-${status}`)
    const upstream = () => Promise.resolve(new Response(echo, { status, headers: replyHeaders }))
    const url = "http://x/cf-account-4711/v1/messages?key=query-secret-1&beta=true"
    const { fetch } = record(file, { fetch: upstream })
    const body = JSON.stringify(params(`What are ${key} and ${antKey}?`))
    const reply = await fetch(url, { method: "POST", headers, body })
    assert.deepStrictEqual([await reply.text(), reply.headers.get("anthropic-organization-id")], [echo, id(2)])
    const text = await notOn(file, [...secrets, ...ids, "KEY-9876543210"])
    // What a client reads is kept.
    const line = JSON.parse(text)
    assert.deepStrictEqual(line.response.headers, {
      "anthropic-ratelimit-tokens-limit": "40000000",
      "content-type": "text/plain",
      "request-id": "req_1",
      "retry-after": "3"
    })
    assert.strictEqual(line.request.path, "/v1/messages")
    // The request is found with the same headers.
    const played = await (await replay(file)).fetch(url, { method: "POST", headers, body })
    assert.strictEqual(played.status, status)
  })

  it.each(["plain", "streamed"] as const)("that an answer repeats, %s", async (form: Form) => {
    const file = tape(`repeated-${form}`)
    const claude = mockClaude()
    const reply = `It is ${key}, or ${antKey}; (org: ${id(3)}). Bye.`
    claude.when({}).reply({ $text: reply, $thinking: reply })
    const request = params(`My key is ${antKey}.`, {
      model: "claude-haiku-4-5",
      max_tokens: 3000,
      thinking: { type: "enabled", budget_tokens: 2000 }
    })
    const client = recorder(file, claude.fetch)
    assert.include((await forms[form](client, request)).content.at(-1), {
      text: reply
    })
    // Deltas are shorter than the key.
    const text = await notOn(file, [key, antKey, id(3), "proxy", "another", "89ab-cdef"])
    assert.include(text, "thinking")
    for (const played of ["plain", "streamed"] as const) {
      assert.strictEqual(
        await answer(await player(file), played, request),
        "It is redacted, or redacted; (org: 00000000-0000-0000-0000-000000000000). Bye."
      )
    }
  })

  it("of the body of a request: users, workspaces, credits, and tokens of other servers", async () => {
    const file = tape("body")
    const { fetch } = record(file, { fetch: () => Promise.resolve(Response.json({ kept: "yes" })) })
    await send(fetch, "/v1/messages", bodyWith("SECRET1"))
    await send(fetch, "/v1/messages/batches", batch("SECRET1"))
    assert.include(await notOn(file, ["SECRET1"]), "mcp.example")
    const played = (await replay(file)).fetch
    assert.include(await send(played, "/v1/messages", bodyWith("SECRET2")), "kept")
    assert.include(await send(played, "/v1/messages/batches", batch("SECRET2")), "kept")
  })

  it("of a key that is a placeholder, and of words: they stay as they are", async () => {
    const file = tape("words")
    const claude = mockClaude()
    claude.when({}).reply("An offline token of my workspace marketing.")
    const { fetch } = record(file, { fetch: claude.fetch })
    const client = clientOf((input, init) => {
      const { headers, ...rest } = init ?? {}
      return fetch(input, {
        ...rest,
        headers: { ...Object.fromEntries(new Headers(headers)), "x-workspace": "marketing" }
      })
    })
    await client.messages.create(params("marketing?"))
    assert.include(await answer(await player(file), "plain", params("marketing?")), "token of my workspace marketing")
  })
})

/** Which errors are tried again: one row for each class of status, type, code and words. */
import { assert, describe, it } from "@effect/vitest"
import { AskError } from "fanfold"
import { type Failure, reasonOf } from "../../../src/claude/sdk/ApiFailure.ts"

type Row = readonly [
  status: number | undefined,
  body: unknown,
  tag: AskError.Reason["_tag"],
  isRetryable: boolean,
  headers?: Record<string, string>
]

/** The API's form. */
const api = (type: string, message = "what went wrong", error_code?: string) => ({
  type: "error",
  error: { type, message, details: { error_code } }
})

/** OpenAI's form, which gateways use. */
const openAi = (message: string, type: string | null = null, code: string | number | null = null) => ({
  error: { message, type, param: null, code }
})

/** The API's error as text within that of a gateway; its words alone would be those of an error that passes. */
const wrapped = (type: string) => JSON.stringify(api(type, "the timeout must be positive"))

const credit = "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade."
const usageLimit =
  "You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC."
const retry = { "x-should-retry": "true" }

const ofTheApi: ReadonlyArray<Row> = [
  [400, api("invalid_request_error"), "InvalidRequest", false],
  [400, api("invalid_request_error", credit), "BillingFailed", false],
  [400, api("invalid_request_error", credit), "BillingFailed", false, retry],
  [400, api("invalid_request_error", usageLimit), "SpendLimitReached", false],
  [400, api("invalid_request_error", usageLimit.replace("API", "workspace API")), "SpendLimitReached", false, retry],
  [401, api("authentication_error"), "Authentication", false],
  [402, api("billing_error"), "BillingFailed", false],
  [403, api("permission_error"), "PermissionDenied", false],
  [404, api("not_found_error"), "NotFound", false],
  [408, api("timeout_error"), "ServerError", true],
  [409, api("conflict_error"), "ServerError", true],
  [413, api("request_too_large"), "TooLarge", false],
  [429, api("rate_limit_error"), "RateLimited", true],
  [429, api("rate_limit_error", "spent", "enforced_spend_limit_reached"), "SpendLimitReached", false, retry],
  [429, api("rate_limit_error", "spent", "contract_spend_limit_reached"), "SpendLimitReached", false],
  [500, api("api_error"), "ServerError", true],
  [500, api("api_error"), "ServerError", false, { "x-should-retry": "false" }],
  [503, api("api_error"), "ServerError", true],
  [504, api("timeout_error"), "ServerError", true],
  [529, api("overloaded_error"), "Overloaded", true]
]

const ofGateways: ReadonlyArray<Row> = [
  [301, "<html>Moved</html>", "InvalidRequest", false],
  [405, "Method Not Allowed", "InvalidRequest", false],
  [422, { detail: "max_tokens: field required" }, "InvalidRequest", false],
  [425, "Too Early", "ServerError", true],
  [501, "Not Implemented", "InvalidRequest", false],
  [502, "<html>502 Bad Gateway</html>", "ServerError", true],
  [505, "HTTP Version Not Supported", "InvalidRequest", false],
  [511, "Network Authentication Required", "InvalidRequest", false],
  [520, "<html>Web server is returning an unknown error</html>", "ServerError", true],
  // A 5xx that hides an error of the upstream which no retry mends.
  [500, api("authentication_error", "invalid x-api-key"), "Authentication", false],
  [500, api("invalid_request_error", "max_tokens: Field required"), "InvalidRequest", false],
  [502, api("not_found_error", "model: claude-9"), "NotFound", false],
  [503, api("permission_error"), "PermissionDenied", false],
  [500, api("request_too_large"), "TooLarge", false],
  [500, api("billing_error"), "BillingFailed", false],
  [500, api("api_error", credit), "BillingFailed", false],
  [
    500,
    openAi("litellm.AuthenticationError: AnthropicException - invalid x-api-key", null, "500"),
    "Authentication",
    false
  ],
  [500, openAi("Incorrect API key provided: sk-…"), "Authentication", false],
  [500, openAi("Invalid API key provided", "invalid_request_error"), "Authentication", false],
  [undefined, openAi("Invalid API key provided", "invalid_request_error"), "Authentication", false],
  [500, api("invalid_request_error", "prompt is too long"), "InvalidRequest", false],
  [500, openAi("API key not valid. Please pass a valid API key."), "Authentication", false],
  [500, { message: "Unauthorized" }, "Authentication", false],
  [500, "Request failed with status code 401", "Authentication", false],
  [500, openAi("Error code: 404 - no such thing"), "NotFound", false],
  [503, openAi("The model `claude-9` does not exist", "server_error"), "NotFound", false],
  [500, "model 'claude-haiku-5-5' not found, try pulling it first", "NotFound", false],
  [500, { error: "unknown model claude-9" }, "NotFound", false],
  [500, { message: "AccessDeniedException: You don't have access to the model" }, "PermissionDenied", false],
  [500, { message: "ValidationException: malformed input request" }, "InvalidRequest", false],
  [500, openAi('{"type":"error","error":{"type":"invalid_request_error","message":"…"}}'), "InvalidRequest", false],
  [500, openAi("denied", null, 403), "PermissionDenied", false],
  [502, openAi("upstream returned 400: bad request", "server_error"), "InvalidRequest", false],
  [503, "upstream returned 404: no such thing", "NotFound", false],
  [502, openAi("upstream returned 400 bytes, then nothing", "server_error"), "ServerError", true],
  [502, openAi(`upstream returned 400: ${wrapped("invalid_request_error")}`, "server_error"), "InvalidRequest", false],
  [502, `upstream returned 400: ${wrapped("invalid_request_error").slice(0, 60)}`, "InvalidRequest", false],
  [502, `upstream said b'${wrapped("authentication_error")}'`, "Authentication", false],
  [503, "{'type': 'error', 'error': {'type': 'permission_error', 'message': 'a timeout'}}", "PermissionDenied", false],
  [
    502,
    { error: { message: "Provider returned error", code: 502, metadata: { raw: wrapped("not_found_error") } } },
    "NotFound",
    false
  ],
  [502, { error: { message: "bad gateway", cause: { error: { code: 400 } } } }, "InvalidRequest", false],
  [502, { code: 401, msg: "token rejected" }, "Authentication", false],
  // A 5xx or 400 that hides one which passes.
  [502, openAi(`upstream returned 529: ${wrapped("overloaded_error")}`, "server_error"), "Overloaded", true],
  [
    502,
    { error: { message: "Provider returned error", metadata: { raw: wrapped("api_error") } } },
    "ServerError",
    true
  ],
  [500, api("overloaded_error", "Overloaded"), "Overloaded", true],
  [500, api("rate_limit_error"), "RateLimited", true],
  [400, api("overloaded_error", "Overloaded"), "Overloaded", true],
  [500, "Request failed with status code 429", "RateLimited", true],
  [500, "the authentication service is temporarily unavailable: invalid api key cache", "ServerError", true],
  [503, "upstream connect error or disconnect/reset before headers", "ServerError", true],
  // OpenAI's codes are more exact than its types.
  [401, openAi("Incorrect API key provided", "invalid_request_error", "invalid_api_key"), "Authentication", false],
  [400, openAi("Incorrect API key provided", "invalid_request_error", "invalid_api_key"), "Authentication", false],
  [429, openAi("You exceeded your current quota", "insufficient_quota", "insufficient_quota"), "BillingFailed", false],
  [429, openAi("Rate limit reached", "requests", "rate_limit_exceeded"), "RateLimited", true],
  [403, openAi("Insufficient credits. Add more to go on", null, 403), "BillingFailed", false],
  [402, openAi("This request requires more credits", null, 402), "BillingFailed", false]
]

const within200: ReadonlyArray<Row> = [
  [undefined, api("overloaded_error", "Overloaded"), "Overloaded", true],
  [undefined, api("api_error"), "ServerError", true],
  [undefined, api("rate_limit_error"), "RateLimited", true],
  [undefined, api("authentication_error", "this workspace is out of credit"), "Authentication", false],
  [undefined, api("invalid_request_error"), "InvalidRequest", false],
  [undefined, api("error_of_the_future"), "ServerError", true],
  [undefined, openAi("No auth credentials found", null, 401), "Authentication", false],
  [undefined, openAi("Provider returned error", null, 502), "ServerError", true],
  [undefined, openAi("Rate limit exceeded: free-models-per-min", null, 429), "RateLimited", true],
  [undefined, openAi("slow down", "requests", "rate_limit_exceeded"), "RateLimited", true],
  [undefined, openAi("no such model", "invalid_request_error", "model_not_found"), "NotFound", false],
  [undefined, { code: 500, msg: "upstream error" }, "ServerError", true],
  [undefined, { status: 401, message: "token rejected" }, "Authentication", false],
  [undefined, { error: "invalid api key" }, "Authentication", false],
  [undefined, { error: "something broke" }, "ServerError", true],
  [undefined, { type: "error" }, "ServerError", true],
  [undefined, { type: "error", error: { type: "constructor", message: 7, code: {}, details: [] } }, "ServerError", true]
]

const failureOf = (status: number | undefined, body: unknown): Failure =>
  typeof body === "string"
    ? { status, body: undefined, text: `${status} ${body}` }
    : { status, body, text: JSON.stringify(body) }

const tables: ReadonlyArray<readonly [where: string, rows: ReadonlyArray<Row>]> = [
  ["of the API", ofTheApi],
  ["of a gateway", ofGateways],
  ["within a 200", within200]
]

for (const [where, rows] of tables) {
  describe(`an error ${where}`, () => {
    for (const [status, body, tag, isRetryable, headers] of rows) {
      const given = `${status ?? 200} ${JSON.stringify(body)} ${JSON.stringify(headers ?? "")}`
      it(`${given} is ${tag}, ${isRetryable ? "" : "not "}tried again`, () => {
        const error = new AskError.AskError({ reason: reasonOf(failureOf(status, body)), headers })
        assert.strictEqual(error.reason._tag, tag, error.message)
        assert.strictEqual(error.isRetryable, isRetryable)
      })
    }
  })
}

describe("the message of an error", () => {
  it.each([
    [500, openAi("in OpenAI's form"), "in OpenAI's form"],
    [500, { error: "as text" }, "as text"],
    [500, { message: "without a frame" }, "without a frame"],
    [500, "no JSON", "no JSON"],
    [500, { code: 500, msg: "under another name" }, "under another name"],
    [422, { detail: "of another form" }, "of another form"]
  ])("%s %j says what was sent", (status, body, words) => {
    assert.include(reasonOf(failureOf(status, body)).message, words)
  })

  it("ends what the API said with one period before the advice", () => {
    const body = api("invalid_request_error", "Your credit balance is too low to access the Anthropic API.")
    const expected =
      "billing failed: Your credit balance is too low to access the Anthropic API. Check the credit in the Claude Console"
    assert.strictEqual(reasonOf({ status: 400, body }).message, expected)
  })
})

/** Rows of error replies: the class of the SDK error and its type for each status. */
import { fault } from "fanfold/mocks"
import { faulty, params, plain, type Row, shown } from "./Row.ts"

export const errors: ReadonlyArray<Row> = [
  faulty("429 with retry-after", fault.rateLimit({ retryAfter: 2 }), ["RateLimitError", "2", "true"], ({ client }) =>
    shown(
      client.messages
        .create(params)
        .catch(({ constructor, headers }) => [
          constructor.name,
          headers.get("retry-after"),
          headers.get("x-should-retry")
        ])
    )
  ),
  faulty("429 spend limit", fault.spendLimit(), ["enforced_spend_limit_reached", null], ({ client }) =>
    shown(
      client.messages
        .create(params)
        .catch(({ error, headers }) => [error.error.details.error_code, headers.get("retry-after")])
    )
  ),
  faulty("529", fault.overloaded(), "OverloadedError 529 overloaded_error"),
  faulty("500", fault.serverError(), "InternalServerError 500 api_error"),
  faulty("503", fault.unavailable(), "ServiceUnavailableError 503 api_error"),
  faulty("504", fault.timeout(), "GatewayTimeoutError 504 timeout_error"),
  faulty("402", fault.billing(), "PaymentRequiredError 402 billing_error"),
  faulty("403", fault.forbidden(), "PermissionDeniedError 403 permission_error"),
  faulty("413 from the edge", fault.tooLarge(), "ContentTooLargeError 413 request_too_large"),
  {
    name: "400 missing max_tokens",
    see: (reached) => plain(reached, { max_tokens: undefined as never }),
    expected: "BadRequestError 400 invalid_request_error"
  },
  {
    name: "400 sampling",
    see: (reached) => plain(reached, { temperature: 1 } as never),
    expected: "BadRequestError 400 invalid_request_error"
  },
  {
    name: "401 wrong key",
    see: ({ client }) => shown(client.withOptions({ apiKey: "invalid" }).messages.create(params)),
    expected: "AuthenticationError 401 authentication_error"
  },
  {
    name: "404 unknown model",
    see: (reached) => plain(reached, { model: "gpt" }),
    expected: "NotFoundError 404 not_found_error"
  }
]

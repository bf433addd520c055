/** Converts what the SDK throws to an `AskError`, with a reason for each status and type in the API's error tables. */
import {
  AskError,
  Authentication,
  BillingFailed,
  CutOff,
  InvalidRequest,
  NotFound,
  Overloaded,
  PermissionDenied,
  RateLimited,
  type Reason,
  ServerError,
  SpendLimitReached,
  TimedOut,
  TooLarge,
  Unreachable
} from "../AskError.ts"
import { retryAfterMillis } from "../RateLimitHeaders.ts"
import { headersOf } from "./ReplyHeaders.ts"

/** Fields of the SDK's `APIError`. Not checked by `instanceof`, which fails where two copies of the SDK are loaded. */
interface ApiError {
  readonly name?: string
  readonly message?: string
  readonly status?: number
  readonly headers?: Headers
  readonly type?: string | null
  readonly errorCode?: string | null
  readonly apiMessage?: unknown
  readonly error?: unknown
  readonly cause?: unknown
}

/** Error codes of a 429 that does not pass by waiting: a spend limit was reached. */
const spendLimits = new Set(["enforced_spend_limit_reached", "contract_spend_limit_reached"])

/**
 * Codes of Node, OpenSSL, `Dialer` and `ProtocolError` for errors that a retry does not mend: an untrusted certificate, a rejecting proxy, a server
 * that speaks another protocol or version. Of OpenSSL's codes, those of a damaged or cut connection are left out.
 */
const permanentErrors =
  /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS|ERR_PROXY|ERR_INVALID_URL|ERR_WRONG_PROTOCOL|ERR_SSL_(?!\w*(?:BAD_RECORD_MAC|DECRYPT|UNEXPECTED_EOF|INTERNAL_ERROR|BAD_LENGTH))/

/** Codes of Node and `ProtocolError` for errors that a wrong address causes more often than a fault that passes. */
const suspectErrors = /ENOTFOUND|ERR_NO_ANSWER/

/** `began`: the error occurred after the headers of a 200, so a failed connection is `CutOff` and not `Unreachable`. */
export const askErrorOf = (thrown: unknown, began: boolean): AskError => {
  const error = thrown as ApiError
  const headers = error.headers === undefined ? undefined : headersOf(error.headers, began)
  const requestId = headers?.["request-id"] ?? requestIdOf(error.error)
  return new AskError({ reason: reasonOf(error, headers, began), headers, requestId })
}

/** The reason of an error response (with a status), an `error` event in a stream (with a type only), or a failed connection. */
const reasonOf = (error: ApiError, headers: Record<string, string> | undefined, began: boolean): Reason => {
  const { status } = error
  if (status === undefined && !error.type) {
    if (error.name === "APIConnectionTimeoutError")
      return new TimedOut({ limitMillis: sdkTimeoutMillis, scope: "attempt" })
    const detail = connectionDetail(thrownChain(error))
    if (began) return new CutOff({ detail })
    const isPassing = !permanentErrors.test(detail)
    return new Unreachable({ detail, isPassing, ...(suspectErrors.test(detail) && { isAddressSuspect: true }) })
  }
  const message = typeof error.apiMessage === "string" ? error.apiMessage : excerptOf(error)
  const detail = message ?? `status ${status ?? "unknown"} without a message`
  switch (status ?? statusByType[error.type ?? ""]) {
    case 400:
      return new InvalidRequest({ detail })
    case 401:
      return new Authentication({ detail })
    case 402:
      return new BillingFailed({ detail })
    case 403:
      return new PermissionDenied({ detail })
    case 404:
      return new NotFound({ detail })
    case 413:
      return new TooLarge({ detail })
    case 429: {
      if (error.errorCode && spendLimits.has(error.errorCode)) return new SpendLimitReached({ detail })
      const millis = headers === undefined ? undefined : retryAfterMillis(headers)
      return new RateLimited({ detail, ...(millis !== undefined && { retryAfterMillis: millis }) })
    }
    case 529:
      return new Overloaded({ detail })
    default:
      return status !== undefined && status < 500 && status !== 408 && status !== 409
        ? new InvalidRequest({ detail: `${detail} (status ${status})` })
        : new ServerError({ detail, ...(status !== undefined && { status }) })
  }
}

/** The status that belongs to each error type, for `error` events in a stream. */
const statusByType: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  overloaded_error: 529
}

/** Milliseconds of the SDK's own timeout: the longest that a timer allows (24 days), as time limits are set by `Timeout`. */
export const sdkTimeoutMillis = 2 ** 31 - 1

/** The error and its causes, outermost first, at most 5. */
const thrownChain = (thrown: unknown): ReadonlyArray<ApiError & { readonly code?: string }> => {
  const chain: Array<ApiError & { readonly code?: string }> = []
  for (let next = thrown as ApiError | undefined; next && chain.length < 5; next = next.cause as ApiError | undefined) {
    chain.push(next)
  }
  return chain
}

/** Message and code of the innermost cause; the outer ones are only `Connection error.` and `fetch failed`. */
const connectionDetail = (chain: ReturnType<typeof thrownChain>): string => {
  const last = chain.at(-1)
  const message = last?.message || "the connection failed"
  return last?.code === undefined || message.includes(last.code) ? message : `${message} (${last.code})`
}

/** The first 200 characters of a body that is not JSON, or of the error's message. */
const excerptOf = ({ error, message }: ApiError): string | undefined => {
  const text = typeof error === "string" ? error : message
  return text === undefined || text === "" ? undefined : text.slice(0, 200)
}

const requestIdOf = (body: unknown): string | undefined => {
  const id = (body as { readonly request_id?: unknown } | null | undefined)?.request_id
  return typeof id === "string" ? id : undefined
}

/** What the SDK throws, as an `AskError`: every row of the API's error tables. */
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

/** The parts of the SDK's `APIError` that are read here; looked at by shape, since two copies of the SDK may be loaded. */
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

/** 429s that no waiting ends. */
const spendLimits = new Set(["enforced_spend_limit_reached", "contract_spend_limit_reached"])

/** Codes of Node and OpenSSL for what will not work on a second try either: an untrusted certificate, a proxy that refuses. */
const lasting = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS|ERR_PROXY/

/** Names the error of a call. `began` says that a 200 had begun, so that a broken connection cut it off. */
export const askErrorOf = (thrown: unknown, began: boolean): AskError => {
  const error = thrown as ApiError
  const headers = error.headers === undefined ? undefined : headersOf(error.headers, began)
  const requestId = headers?.["request-id"] ?? requestIdOf(error.error)
  return new AskError({ reason: reasonOf(error, headers, began), headers, requestId })
}

/** The reason behind an error's body, whether it came with a status or as an `error` event inside a stream. */
const reasonOf = (error: ApiError, headers: Record<string, string> | undefined, began: boolean): Reason => {
  const { status } = error
  if (status === undefined && !error.type) {
    if (error.name === "APIConnectionTimeoutError")
      return new TimedOut({ limitMillis: sdkTimeoutMillis, scope: "attempt" })
    const detail = connectionDetail(thrownChain(error))
    return began ? new CutOff({ detail }) : new Unreachable({ detail, isPassing: !lasting.test(detail) })
  }
  const said = typeof error.apiMessage === "string" ? error.apiMessage : excerptOf(error)
  const detail = said ?? `status ${status ?? "unknown"} without a message`
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

/** An `error` event inside a stream has a type and no status. */
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

/** The SDK's own clock is set so far that it never runs out first: limits belong to `Timeout`. */
export const sdkTimeoutMillis = 2 ** 31 - 1

const thrownChain = (thrown: unknown): ReadonlyArray<ApiError & { readonly code?: string }> => {
  const chain: Array<ApiError & { readonly code?: string }> = []
  for (let next = thrown as ApiError | undefined; next && chain.length < 5; next = next.cause as ApiError | undefined) {
    chain.push(next)
  }
  return chain
}

/** The innermost error says what really happened: `fetch failed` and `Connection error.` do not. */
const connectionDetail = (chain: ReturnType<typeof thrownChain>): string => {
  const last = chain.at(-1)
  const message = last?.message || "the connection failed"
  return last?.code === undefined || message.includes(last.code) ? message : `${message} (${last.code})`
}

const excerptOf = ({ error, message }: ApiError): string | undefined => {
  const text = typeof error === "string" ? error : message
  return text === undefined || text === "" ? undefined : text.slice(0, 200)
}

const requestIdOf = (body: unknown): string | undefined => {
  const id = (body as { readonly request_id?: unknown } | null | undefined)?.request_id
  return typeof id === "string" ? id : undefined
}

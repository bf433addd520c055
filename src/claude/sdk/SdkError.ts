/** Converts what the SDK throws to an `AskError`: an error response, or a failed connection. */
import { AskError, CutOff, TimedOut, Unreachable } from "../AskError.ts"
import { reasonOf } from "./ApiFailure.ts"
import { headersOf } from "./ReplyHeaders.ts"

/** Fields of the SDK's `APIError`. Not checked by `instanceof`, which fails where two copies of the SDK are loaded. */
interface ApiError {
  readonly name?: string
  readonly message?: string
  readonly status?: number
  readonly headers?: Headers
  readonly error?: unknown
  readonly cause?: unknown
}

/**
 * Codes of Node, OpenSSL, `Dialer` and `ProtocolError` for errors that a retry does not mend: an untrusted certificate, a
 * rejecting proxy, a server that speaks another protocol or version, a URL or header that cannot be sent or read. Of OpenSSL's codes,
 * those of a damaged or cut connection are left out.
 */
const permanentErrors =
  /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS|ERR_PROXY|ERR_INVALID_|ERR_UNESCAPED_|ERR_WRONG_PROTOCOL|HPE_(?:HEADER_OVERFLOW|INVALID_(?:HEADER_TOKEN|TRANSFER_ENCODING))|ERR_SSL_(?!\w*(?:BAD_RECORD_MAC|DECRYPT|UNEXPECTED_EOF|INTERNAL_ERROR|BAD_LENGTH))/

/** Codes of Node and `ProtocolError` for errors that a wrong address causes more often than a fault that passes. */
const suspectErrors = /ENOTFOUND|ERR_NO_ANSWER/

/** `began`: the error occurred after the headers of a 200, so a failed connection is `CutOff` and not `Unreachable`. */
export const askErrorOf = (thrown: unknown, began: boolean): AskError => {
  const error = thrown as ApiError
  const { status } = error
  const headers = error.headers === undefined ? undefined : headersOf(error.headers, began)
  if (status !== undefined) {
    const redirect = status >= 300 && status < 400 ? redirectOf(error.headers) : undefined
    return apiErrorOf(
      status,
      redirect === undefined ? error.error : undefined,
      headers,
      redirect ?? excerptOf(error.message)
    )
  }
  if (error.name === "APIConnectionTimeoutError")
    return new AskError({ reason: new TimedOut({ limitMillis: sdkTimeoutMillis, scope: "attempt" }), headers })
  const detail = connectionDetail(thrownChain(error))
  if (began) return new AskError({ reason: new CutOff({ detail }), headers })
  const isPassing = !permanentErrors.test(detail)
  const suspect = suspectErrors.test(detail) ? { isAddressSuspect: true } : {}
  return new AskError({ reason: new Unreachable({ detail, isPassing, ...suspect }), headers })
}

/** The error of a response: `status` is undefined where it was 200. `headers` as `headersOf` returns them; `text` as in `Failure`. */
export const apiErrorOf = (
  status: number | undefined,
  body: unknown,
  headers: Readonly<Record<string, string>> | undefined,
  text?: string
): AskError => {
  const requestId = headers?.["request-id"] ?? requestIdOf(body)
  return new AskError({ reason: reasonOf({ status, body, headers, text }), headers, requestId })
}

/** What to do about a redirect, which is not followed: the key would go where it leads. Its query may hold secrets. */
const redirectOf = (headers: Headers | undefined): string | undefined => {
  const location = headers?.get("location") ?? undefined
  if (location === undefined) return undefined
  const url = URL.parse(location)
  const to = url === null ? location.replace(/[?#].*$/s, "") : `${url.origin}${url.pathname}`
  return `the server redirects to ${to.slice(0, excerptLength)}, which is not followed, as the key would go there too. Check the base URL`
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

/** Characters of a body that is no API error, as the SDK's message holds it after the status. */
const excerptLength = 200

export const excerptOf = (text: string | undefined): string | undefined => text?.slice(0, excerptLength) || undefined

const requestIdOf = (body: unknown): string | undefined => {
  const id = (body as { readonly request_id?: unknown } | null | undefined)?.request_id
  return typeof id === "string" ? id : undefined
}

/** An error reply of the API. */

/** `type` and `message` stand in the body's `error`, `errorCode` in its `details`, `retryAfterSeconds` in `retry-after`. */
export interface ApiError {
  readonly status: number
  readonly type: string
  readonly message: string
  readonly errorCode?: string
  /** Further fields of `details`. */
  readonly details?: Readonly<Record<string, unknown>>
  readonly retryAfterSeconds?: number
  /** The value of `x-should-retry`; the header is absent if undefined. */
  readonly shouldRetry?: boolean
  /** The reply comes from the edge, not from the API: without `type`, `request_id` and API headers. */
  readonly fromEdge?: boolean
}

const notRetryable = (status: number, type: string, message: string): ApiError => ({
  status,
  type,
  message,
  shouldRetry: false
})

/** 400: the request is invalid. */
export const invalid = (message: string): ApiError => notRetryable(400, "invalid_request_error", message)
/** 401: the key is missing or invalid. */
export const unauthenticated = (message: string): ApiError => notRetryable(401, "authentication_error", message)
/** 404: no such model, batch or path. */
export const notFound = (message: string): ApiError => notRetryable(404, "not_found_error", message)
/** 405: the path exists, but not for this method. */
export const methodNotAllowed: ApiError = notRetryable(405, "invalid_request_error", "Method Not Allowed")
/** 413: the body is too large; the edge replies. */
export const tooLarge: ApiError = {
  status: 413,
  type: "request_too_large",
  message: "Request exceeds the maximum size",
  fromEdge: true
}

/** Makes the body of an error reply. */
export const body = (error: ApiError, requestId: string): Readonly<Record<string, unknown>> =>
  error.fromEdge === true
    ? { error: { type: error.type, message: error.message } }
    : {
        type: "error",
        error: {
          type: error.type,
          message: error.message,
          ...(error.errorCode === undefined ? {} : { details: { ...error.details, error_code: error.errorCode } })
        },
        request_id: requestId
      }

/** An error as the API answers it. */

/** Status, `error.type` and message; `errorCode` stands in `error.details`, `retryAfterSeconds` in the header. */
export interface ApiError {
  readonly status: number
  readonly type: string
  readonly message: string
  readonly errorCode?: string
  readonly retryAfterSeconds?: number
  /** What `x-should-retry` says; absent where the API leaves it out. */
  readonly shouldRetry?: boolean
  /** The edge answers without the API: no `type`, no `request_id`, no API headers. */
  readonly fromEdge?: boolean
}

const final = (status: number, type: string, message: string): ApiError => ({
  status,
  type,
  message,
  shouldRetry: false
})

/** 400: the request is wrong. */
export const invalid = (message: string): ApiError => final(400, "invalid_request_error", message)
/** 401: the key is missing or wrong. */
export const unauthenticated = (message: string): ApiError => final(401, "authentication_error", message)
/** 404: no such model, batch or path. */
export const notFound = (message: string): ApiError => final(404, "not_found_error", message)
/** 413, answered by the edge. */
export const tooLarge: ApiError = {
  status: 413,
  type: "request_too_large",
  message: "Request exceeds the maximum size",
  fromEdge: true
}

/** Gives the body: with `request_id`, but for the edge's. */
export const body = (error: ApiError, requestId: string): Readonly<Record<string, unknown>> =>
  error.fromEdge === true
    ? { error: { type: error.type, message: error.message } }
    : {
        type: "error",
        error: {
          type: error.type,
          message: error.message,
          ...(error.errorCode === undefined ? {} : { details: { error_code: error.errorCode } })
        },
        request_id: requestId
      }

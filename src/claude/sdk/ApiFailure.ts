/** The reason of an error response, or of an error within a response of status 200: by status, type, code and words. */
import { Predicate } from "effect"
import {
  Authentication,
  BillingFailed,
  InvalidRequest,
  NotFound,
  Overloaded,
  PermissionDenied,
  RateLimited,
  type Reason,
  ServerError,
  SpendLimitReached,
  TooLarge
} from "../AskError.ts"
import { retryAfterMillis } from "../RateLimitHeaders.ts"

export interface Failure {
  /** Undefined for an error within a response of status 200. */
  readonly status: number | undefined
  /** The JSON of the body: the API's `{type: "error", error}`, OpenAI's `{error}`, or whatever a gateway sends. */
  readonly body: unknown
  /** The text that stands for the message where the JSON has none. */
  readonly text?: string | undefined
  /** As `headersOf` returns them. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** Whether the JSON of a response with status 200 is an error; some gateways send `{code: 500, msg}`. */
export const isErrorBody = (json: unknown): boolean => {
  if (!Predicate.isObject(json)) return false
  if (json["type"] === "error" || (json["error"] !== undefined && json["error"] !== null)) return true
  const { code, message } = partsOf(json)
  return message !== undefined && /^[45]\d\d$/.test(code)
}

/** The error within a message or an event of one; an empty one, as serializers write it, is none. */
export const errorWithin = (json: unknown): unknown => {
  const error = Predicate.isObject(json) ? json["error"] : undefined
  const isError =
    typeof error === "object" && error !== null ? Object.values(error).some((value) => value !== null) : Boolean(error)
  return isError ? error : undefined
}

export const reasonOf = (failure: Failure): Reason => {
  const { headers, status } = failure
  const { body } = failure
  const { code, errorCode, message, type } = partsOf(body)
  const detail = message ?? failure.text ?? `status ${status ?? "unknown"} without a message`
  const words = `${type} ${code} ${detail}`
  if (spendLimits.has(errorCode ?? "") || spendLimit.test(detail)) return new SpendLimitReached({ detail })
  if (noCredit.test(words)) return new BillingFailed({ detail })
  const whole = `${body === undefined ? failure.text : JSON.stringify(body)}`
  const effective = isUnspecific(status) ? statusSaid(status, type, code, words, whole) : status
  switch (effective) {
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
      const millis = headers === undefined ? undefined : retryAfterMillis(headers)
      return new RateLimited({ detail, ...(millis !== undefined && { retryAfterMillis: millis }) })
    }
    case 529:
      return new Overloaded({ detail })
    default:
      return effective === undefined || isPassing(effective)
        ? new ServerError({ detail, ...(status !== undefined && { status }) })
        : new InvalidRequest({ detail: `${detail} (status ${effective})` })
  }
}

/**
 * The status that the body stands for. OpenAI's type for a wrong key is that of any wrong request, so that its words decide.
 * `whole`: the body with all that is in it.
 */
const statusSaid = (
  status: number | undefined,
  type: string,
  code: string,
  words: string,
  whole: string
): number | undefined => {
  const named = statusOf(type, code) ?? wrappedStatusOf(whole)
  const found = named === undefined || named === 400 ? permanentStatusOf(status, words) : undefined
  return found === 401 ? found : (named ?? found ?? status)
}

/** Statuses that pass: time limits, conflicts (408, 409, 425), and 5xx but for "not implemented" and "log in to the network". */
const isPassing = (status: number): boolean =>
  status >= 500 ? ![501, 505, 511].includes(status) : [408, 409, 425].includes(status)

/**
 * Whether the body may say more than the status: an error within a 200, a 400 that a gateway sends for everything, and a 5xx of a
 * gateway whose upstream has rejected the request. Any other 4xx, and 529, say what they mean.
 */
const isUnspecific = (status: number | undefined): boolean =>
  status === undefined || status === 400 || (status >= 500 && status !== 529)

/** Error codes of a 429 that does not pass by waiting: a spend limit was reached. */
const spendLimits = new Set(["enforced_spend_limit_reached", "contract_spend_limit_reached"])

/** The API's words for a limit of a workspace or account, with status 400. */
const spendLimit = /reached your specified (?:\w+ )?API usage limits/i

/** The API's words (status 400), OpenAI's code (429) and those of resellers for an account that cannot pay. */
const noCredit = /credit balance (?:is )?too low|insufficient_quota|insufficient (?:credits?|balance|funds)\b/i

/** The status that belongs to each type and code of the API, and of OpenAI's format, which gateways use. */
const statuses: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  context_length_exceeded: 400,
  authentication_error: 401,
  invalid_api_key: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  model_not_found: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  rate_limit_exceeded: 429,
  overloaded_error: 529,
  // Of Amazon Bedrock, within a stream.
  validationException: 400,
  accessDeniedException: 403,
  modelTimeoutException: 408,
  throttlingException: 429,
  internalServerException: 500,
  modelStreamErrorException: 500,
  serviceUnavailableException: 503
}

const statusOfName = (name: string): number | undefined => (Object.hasOwn(statuses, name) ? statuses[name] : undefined)

/**
 * A code is more exact than its type, which OpenAI sets to `invalid_request_error` for a wrong key too. It may be a status; a
 * 5xx says no more than that of the response.
 */
const statusOf = (type: string, code: string): number | undefined =>
  statusOfName(code) ?? statusOfName(type) ?? (/^(?:4\d\d|529)$/.test(code) ? Number(code) : undefined)

/** Types and codes in JSON, in a string within JSON, in JSON that is cut off, or as Python prints it. */
const typesAndCodes = /["'](?:type|code)\\*["']\s*:\s*\\*["']?(\w+)/g

/** The status of an error that a gateway wraps in its own; a type of another status is more exact than one for any wrong request. */
const wrappedStatusOf = (whole: string): number | undefined => {
  const found = [...whole.matchAll(typesAndCodes)].flatMap(([, name = ""]) => statusOf("", name) ?? [])
  return found.find((status) => status !== 400) ?? found[0]
}

/**
 * Words of errors that no retry mends, as gateways relay them with a 5xx or within a 200: those of the API, of its SDKs, of
 * AWS and of Google. What is said to be temporary is none.
 */
const permanentWords: ReadonlyArray<readonly [words: RegExp, status: number]> = [
  [
    /(?:invalid|incorrect|missing|no|unknown|expired) (?:x-)?api[- _]?key|api[- _]?key (?:is )?(?:not valid|invalid)/i,
    401
  ],
  [
    /authentication_?error|invalid (?:authentication|bearer)|unauthori[sz]ed|UNAUTHENTICATED|UnrecognizedClient|ExpiredToken/i,
    401
  ],
  [/billing_?error/i, 402],
  [/permission_?(?:denied_?)?error|permission[ _]denied|access_?denied/i, 403],
  [/not_?found_?error|model_not_found|(?:no such|unknown|invalid) model|ResourceNotFound/i, 404],
  [/\bmodel\b[^.!?\n]{0,80}(?:not found|not exist|not supported)/i, 404],
  [
    /invalid_request_error|BadRequestError|ValidationException|INVALID_ARGUMENT|ContextWindowExceeded|prompt is too long/i,
    400
  ]
]

const temporary = /temporar|time?d?[- ]?out|overloaded|rate_limit|too many requests/i

/** The status of the upstream, as a gateway quotes it: `Request failed with status code 401`, `upstream returned 400: …`. */
const upstreamStatus =
  /\b(?:status(?: code)?|error code|HTTP|(?:returned|responded with|answered with|replied with|upstream)(?: an?)?(?: (?:HTTP|status|error|code))*)[ :=]+(4\d\d)\b(?! (?:bytes|characters|tokens|ms)\b)/i

const permanentStatusOf = (status: number | undefined, words: string): number | undefined => {
  if (status === 400 || temporary.test(words)) return undefined
  const known = permanentWords.find(([found]) => found.test(words))
  if (known !== undefined) return known[1]
  const [, quoted] = upstreamStatus.exec(words) ?? []
  return quoted === undefined ? undefined : Number(quoted)
}

interface Parts {
  readonly type: string
  readonly code: string
  readonly errorCode: string | undefined
  readonly message: string | undefined
}

const textOf = (json: unknown): string | undefined => (typeof json === "string" && json !== "" ? json : undefined)

/** Reads an error in the form of the API, in that of OpenAI (`{error: {code, type, message}}`), as text (`{error: "…"}`), or without a frame. */
const partsOf = (body: unknown): Parts => {
  // Vertex AI sends an error of Google as a list of one.
  const first: unknown = Array.isArray(body) ? body[0] : body
  const outer = Predicate.isObject(first) ? first : {}
  const error = Predicate.isObject(outer["error"]) ? outer["error"] : outer
  const { details, message, type } = error
  const code = error["code"] ?? error["status"] ?? error["statusCode"] ?? error["status_code"]
  const isCode = typeof code === "string" || typeof code === "number"
  return {
    type: textOf(type) ?? "",
    code: isCode ? String(code) : "",
    errorCode: Predicate.isObject(details) ? textOf(details["error_code"]) : undefined,
    message: textOf(message) ?? textOf(outer["error"]) ?? textOf(error["msg"]) ?? textOf(error["detail"])
  }
}

/** The key of an account, what is wrong with it, and how errors are worded that it causes. */
import { Redacted } from "effect"
import { problemOf } from "../ApiKey.ts"
import { AskError, Authentication, PermissionDenied, Unreachable } from "../AskError.ts"
import { defaultBaseUrl, type Options } from "../Connection.ts"
import * as CustomHeaders from "./CustomHeaders.ts"
import * as Secret from "./Secret.ts"

/** `problem`: nothing can be sent. `toError`: the error without secrets. */
export const accountOf = (options: Options) => {
  const key = Redacted.value(options.apiKey).trim()
  const customHeaders = globalThis.process?.env["ANTHROPIC_CUSTOM_HEADERS"]
  const cutter = Secret.cutter([key, ...Secret.ofCustomHeaders(customHeaders)])
  const toError = (error: AskError): AskError => cutter.error(withHeaderHint(error, options, customHeaders))
  return { key, cutter, toError, problem: problemWith(key, customHeaders) }
}

const problemWith = (key: string, customHeaders: string | undefined): AskError | undefined => {
  const problem = problemOf(key)
  if (problem !== undefined) return new AskError({ reason: new Authentication({ detail: `the key ${problem}` }) })
  const detail = CustomHeaders.problemOf(customHeaders)
  return detail === undefined ? undefined : new AskError({ reason: new Unreachable({ detail, isPassing: false }) })
}

/** Adds to a 401 or 403 of a server of one's own how its key is sent: many gateways read `x-api-key` alone. */
const withHeaderHint = (error: AskError, { auth, baseUrl }: Options, customHeaders: string | undefined): AskError => {
  const { reason } = error
  if (reason._tag !== "Authentication" && reason._tag !== "PermissionDenied") return error
  if (baseUrl === undefined || baseUrl === defaultBaseUrl || CustomHeaders.hasKey(customHeaders)) return error
  const { host } = new URL(baseUrl)
  const how =
    auth === "x-api-key"
      ? "as x-api-key; if it reads a bearer token, use --auth bearer"
      : "as a bearer token; if it reads x-api-key, use --auth x-api-key"
  const detail = `${reason.detail} (the key was sent to ${host} ${how}, or the option auth in code; another header can be set by ANTHROPIC_CUSTOM_HEADERS)`
  return error.with({
    reason: reason._tag === "Authentication" ? new Authentication({ detail }) : new PermissionDenied({ detail })
  })
}

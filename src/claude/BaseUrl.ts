/** Reads the base URL of requests: mends what has one meaning, and rejects the rest with what to write. */
import { Config, ConfigProvider, Effect, Result, Schema } from "effect"
import * as Issue from "../options/Issue.ts"

const example = '"https://api.anthropic.com"'

/** White space and invisible characters, as a copied line or a file with CR LF has them. */
const blankEnds = /^[\p{Z}\p{Cc}\p{Cf}]+|[\p{Z}\p{Cc}\p{Cf}]+$/gu

/** A pair of quotes around the whole text, which an env file may keep. */
const quotes = /^(?:"(.*)"|'(.*)'|`(.*)`|“(.*)”|‘(.*)’)$/su

/** The URL is that of the API's root; of these paths, the client adds its own. */
const apiPath = /(?:\/+v1(?:\/+messages(?:\/+(?:count_tokens|batches))?|\/+(?:models|complete|files))?)?\/*$/i

/** Paths of other APIs, which many gateways have beside the Messages API: OpenAI's, and that of Ollama. */
const otherPath = /(?:\/+v1)?\/+(?:(?:chat\/+)?completions|responses|embeddings|api\/+(?:chat|generate))$/i

const unquoted = (text: string): string => {
  const inner = text.replace(blankEnds, "")
  const [, ...parts] = quotes.exec(inner) ?? []
  return parts.find((part) => part !== undefined)?.replace(blankEnds, "") ?? inner
}

/** The text for an error: user name, password, query, fragment and keys may be secrets. */
const shown = (text: string): string => {
  const safe = text
    .replace(/\?.*$/s, "?…")
    .replace(/#.*$/s, "#…")
    .replace(/^([a-z]*:?\/*)[^/]*@/i, "$1…@")
    .replace(/sk-[\w-]{4,}/g, "<key>")
  return JSON.stringify(safe.length > 100 ? `${safe.slice(0, 100)}…` : safe)
}

/** A URL made of a text whose scheme is missing or broken; `undefined` where the text is no address. */
const withScheme = (text: string): string | undefined => {
  const [, scheme, rest = ""] = /^(?:(https?)[:/\\]+)?[/\\]*(.*)$/is.exec(text) ?? []
  if (rest === "") return undefined
  if (scheme === undefined && !/^(?:localhost|[\w.-]+\.[\w-]+|[\w.-]+:\d+|\[.*\])(?:[:/]|$)/i.test(rest))
    return undefined
  const isNear = /^(?:localhost|\d+\.\d+\.\d+\.\d+|[\w-]+:\d|\[)/i.test(rest)
  return `${scheme?.toLowerCase() ?? (isNear ? "http" : "https")}://${rest}`
}

/** The base URL without a slash at its end; fails with what was expected, what was given, and what to write. */
const read = (given: string): Result.Result<string, string> => {
  const text = unquoted(given)
  const reject = (expected: string, proposal?: string, more = "") => {
    const meant = proposal === undefined ? undefined : Result.getOrUndefined(read(proposal))
    const write = meant === undefined ? `, such as ${example}` : `; write ${JSON.stringify(meant)}${more}`
    return Result.fail(`expected ${expected}, got ${shown(given)}${write}`)
  }
  if (!/^https?:\/\/[^/\\]/i.test(text)) return reject("a URL that begins with http:// or https://", withScheme(text))
  const url = URL.parse(text)
  if (url === null || !isHost(url) || unusual.test(text)) return reject("an http or https URL")
  const root = `${url.protocol}//${url.host}`
  const inHeader = ", and what it is for in a header (ANTHROPIC_CUSTOM_HEADERS)"
  if (text.includes("?")) return reject("a URL without a query", root + url.pathname, inHeader)
  if (text.includes("#")) return reject("a URL without a fragment", root + url.pathname)
  if (url.username !== "" || url.password !== "") {
    return reject("a URL without a user name and password", root + url.pathname, inHeader)
  }
  if (root === "http://api.anthropic.com") return reject("https", `https://${url.host}`)
  const path = url.pathname.replace(apiPath, "")
  const ofOther = otherPath.exec(path)
  if (ofOther !== null) return reject("the URL of a Messages API", root + path.slice(0, ofOther.index))
  return Result.succeed(root + path)
}

/** Characters that no URL has unescaped, and blanks within it. */
const unusual = /[\p{Z}\p{Cc}\p{Cf}"'`<>{}|\\^]/u

const isHost = ({ hostname, port }: URL): boolean =>
  /^(?:[\w.-]*\w\.?|\[.*\])$/.test(hostname) && !/^https?$/.test(hostname) && port !== "0"

const assertText = Issue.assert(Schema.String.annotate({ expected: `a URL, such as ${example}` }), "baseUrl")

/** The base URL that an option means. Throws a `RangeError`, which shows no user name, password, query or key. */
export const ofOption = (baseUrl: string): string => {
  assertText(baseUrl)
  return Result.getOrThrowWith(read(baseUrl), (message) => new RangeError(`baseUrl: ${message}`))
}

/** The base URL that an environment variable means; fails with a `ConfigError` that names it. */
export const ofVariable = (baseUrl: string, name: string): Effect.Effect<string, Config.ConfigError> =>
  Effect.fromResult(
    Result.mapError(
      read(baseUrl),
      (message) => new Config.ConfigError(new ConfigProvider.SourceError({ message: `${name}: ${message}` }))
    )
  )

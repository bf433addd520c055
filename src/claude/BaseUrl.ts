/** Checks the base URL of requests. */
import { Config, ConfigProvider, Effect, Schema } from "effect"
import * as Issue from "../options/Issue.ts"

const isHttp = (text: string): boolean => {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === ""
}

/** An http or https URL. User name and password are not allowed, as `fetch` rejects a URL that contains them. */
const BaseUrl = Schema.String.check(
  Schema.makeFilter(isHttp, {
    expected: 'an http or https URL without a password, such as "https://api.anthropic.com"'
  })
)

/** Throws a `RangeError` for an invalid base URL, with user name and password left out of the message; `name` is the option. */
export const assert = (baseUrl: unknown, name = "baseUrl"): void =>
  Issue.assert(BaseUrl, name)(typeof baseUrl === "string" ? baseUrl.replace(/(:\/*)[^/]*@/, "$1…@") : baseUrl)

/** As `assert`, but fails with a `ConfigError`; `name` is the environment variable. */
export const check = (baseUrl: string, name: string): Effect.Effect<void, Config.ConfigError> =>
  Effect.try({
    try: () => assert(baseUrl, name),
    catch: (thrown) => new Config.ConfigError(new ConfigProvider.SourceError({ message: (thrown as Error).message }))
  })

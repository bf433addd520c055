/** Which URLs requests can be sent to. */
import { Config, ConfigProvider, Effect, Schema } from "effect"
import * as Issue from "../options/Issue.ts"

const isHttp = (text: string): boolean => {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === ""
}

/** A base URL that `fetch` can use: http or https, without a name and a password. */
const BaseUrl = Schema.String.check(
  Schema.makeFilter(isHttp, {
    expected: 'an http or https URL without a password, such as "https://api.anthropic.com"'
  })
)

/** Throws a `RangeError` for a base URL that is none. A password in it is not shown. */
export const assert = (baseUrl: unknown, name = "baseUrl"): void =>
  Issue.assert(BaseUrl, name)(typeof baseUrl === "string" ? baseUrl.replace(/(:\/*)[^/]*@/, "$1…@") : baseUrl)

/** The same for a base URL of the environment. */
export const check = (baseUrl: string, name: string): Effect.Effect<void, Config.ConfigError> =>
  Effect.try({
    try: () => assert(baseUrl, name),
    catch: (thrown) => new Config.ConfigError(new ConfigProvider.SourceError({ message: (thrown as Error).message }))
  })

/** Web search by the API: how often, where, and from where, as a setting of an ask. */
import { Schema } from "effect"
import { NonEmpty, PositiveInt } from "../options/OptionSchemas.ts"

const aDomain = { expected: 'a domain without https://, such as "example.com" or "example.com/news"' }

/** The form that the API takes: a host, and a path where one is wanted. */
const Domain = Schema.String.annotate(aDomain).check(
  Schema.makeFilter((text) => /^(?!-)[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+(?:\/\S*)?$/u.test(text), aDomain)
)

const someDomains = { expected: "a list of domains" }

/** Domains that a tool of the API is kept to, or away from. */
export const Domains = Schema.Array(Domain).annotate(someDomains).check(Schema.isMinLength(1, someDomains))

/** The API takes one of the two lists. */
export const oneListOfDomains = Schema.makeFilter(
  ({
    allowedDomains,
    blockedDomains
  }: {
    readonly allowedDomains?: ReadonlyArray<string>
    readonly blockedDomains?: ReadonlyArray<string>
  }) =>
    allowedDomains === undefined || blockedDomains === undefined
      ? undefined
      : { path: ["blockedDomains"], issue: "allowedDomains and blockedDomains exclude each other: leave one out" }
)

const aCountry = { expected: 'a country as two letters, such as "PT"' }
const aPlace = { expected: "{ city, region, country, timezone }, at least one of them" }

const Location = Schema.Struct({
  city: Schema.optionalKey(NonEmpty("the name of a city")),
  region: Schema.optionalKey(NonEmpty("the name of a region")),
  country: Schema.optionalKey(
    Schema.String.annotate(aCountry).check(Schema.makeFilter((text) => /^[A-Z]{2}$/.test(text), aCountry))
  ),
  timezone: Schema.optionalKey(NonEmpty('a time zone, such as "Europe/Lisbon"'))
})
  .annotate(aPlace)
  .check(Schema.makeFilter((place) => Object.keys(place).length > 0, aPlace))

/** Uses one answer may make of the search where the setting names none: enough for a few angles, few enough to bound its price. */
const defaultMaxUses = 5

const Detailed = Schema.Struct({
  maxUses: Schema.optionalKey(PositiveInt),
  allowedDomains: Schema.optionalKey(Domains),
  blockedDomains: Schema.optionalKey(Domains),
  userLocation: Schema.optionalKey(Location)
}).check(oneListOfDomains)

const expected = "true, false, or { maxUses, allowedDomains, blockedDomains, userLocation }"

const given = Schema.Union([Schema.Boolean, Detailed]).annotate({ expected })

/** Whether the model may search the web, and how: the same in a plan and in code. */
export const WebSearch = given.annotate({ inCode: given })
export type WebSearch = typeof WebSearch.Type

/** The tool of a request; `undefined` where the web is not searched. Each use is counted in the worst case of a budget. */
export const toolOf = (webSearch: WebSearch | undefined) => {
  if (webSearch === undefined || webSearch === false) return undefined
  const { allowedDomains, blockedDomains, maxUses = defaultMaxUses, userLocation } = webSearch === true ? {} : webSearch
  return {
    type: "web_search_20260318",
    name: "web_search",
    max_uses: maxUses,
    ...(allowedDomains !== undefined && { allowed_domains: allowedDomains }),
    ...(blockedDomains !== undefined && { blocked_domains: blockedDomains }),
    ...(userLocation !== undefined && { user_location: { type: "approximate", ...userLocation } })
  }
}

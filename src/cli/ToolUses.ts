/** How often the API searched the web and fetched pages, or may do so, as text. */
import { plural } from "../options/NumberText.ts"

/** `2 web searches and 1 web fetch`; empty where there are none. */
export const usesText = ({
  webFetches = 0,
  webSearches
}: {
  readonly webSearches: number
  readonly webFetches?: number | undefined
}): string =>
  [
    ...(webSearches === 0 ? [] : [plural(webSearches, "web search", "web searches")]),
    ...(webFetches === 0 ? [] : [plural(webFetches, "web fetch", "web fetches")])
  ].join(" and ")

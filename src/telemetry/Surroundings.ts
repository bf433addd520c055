/** What the spans and metrics of a run are made with: who answers, what the run is called, and where they go. */
import type { Attribute, Encoding } from "./Encoding.ts"
import type { Identities } from "./Identities.ts"
import type { Metrics } from "./Metrics.ts"
import type { SpanSink } from "./SpanQueue.ts"

export interface Surroundings {
  /** The name of the plan, where there is one. */
  readonly name: string | undefined
  /** `server.address` and `server.port` of where requests go; none where answers are simulated or replayed. */
  readonly server: ReadonlyArray<Attribute>
  /** `url.full`: where requests go, without a password. */
  readonly requestUrl: Attribute | undefined
  /** Whether spans have prompts and answers. */
  readonly isWithContent: boolean
  readonly encoding: Encoding
  readonly identities: Identities
  readonly metrics: Metrics
  readonly spans: SpanSink
}

/** Of a base URL, or of none where no server is asked. */
export const ofBaseUrl = (
  { attribute }: Encoding,
  baseUrl: string | undefined
): Pick<Surroundings, "server" | "requestUrl"> => {
  if (baseUrl === undefined || !URL.canParse(baseUrl)) return { server: [], requestUrl: undefined }
  const url = new URL(`${baseUrl.replace(/\/$/, "")}/v1/messages`)
  url.username = ""
  url.password = ""
  const defaultPort = url.protocol === "http:" ? 80 : 443
  const server = [
    attribute("server.address", url.hostname),
    attribute("server.port", url.port === "" ? defaultPort : Number(url.port))
  ]
  return { server, requestUrl: attribute("url.full", url.href) }
}

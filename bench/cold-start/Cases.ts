/** The cases of `cold-start`: number and latency of the asks, transport, and whether responses carry limit headers. */
import type { Protocol } from "../harness/Loopback.ts"

/** The contenders, by the name of their script. `fanfold` is a program with Effect, `fanfold/promise` a script without. */
export const scripts = {
  fanfold: "fanfold.js",
  "fanfold/promise": "fanfold-promise.js",
  "SDK + Promise.all": "sdk-promise-all.js",
  "SDK + p-limit": "sdk-p-limit.js",
  "SDK + Effect.forEach": "effect-sdk.js"
} as const
export type Contender = keyof typeof scripts
export const contenders = Object.keys(scripts) as ReadonlyArray<Contender>
/** The contenders whose figures have targets, and what they are compared with. */
export const measured: ReadonlyArray<Contender> = ["fanfold/promise", "fanfold"]
export const baseline: Contender = "SDK + Promise.all"

/** Maximum of fanfold's figure ÷ the baseline's, cold. */
export interface Targets {
  readonly wall?: number
  readonly firstRequest?: number
}

export interface Case {
  readonly name: string
  /** Latency of each ask; all are sent at once. */
  readonly millis: ReadonlyArray<number>
  readonly protocol: Protocol
  readonly sendsLimitHeaders: boolean
  readonly targets: Targets
}

interface Size {
  readonly name: string
  readonly millis: ReadonlyArray<number>
  /** Targets of wall time, with limit headers and without. */
  readonly wall: { readonly [protocol in Protocol]?: readonly [withHeaders: number, withoutHeaders: number] }
  readonly firstRequest?: number
}

const constant = (asks: number): ReadonlyArray<number> => Array.from({ length: asks }, () => 300)

const sizes: ReadonlyArray<Size> = [
  {
    name: "3 asks of 800 to 1200 ms",
    millis: [800, 1000, 1200],
    wall: { "HTTP/1.1": [1, 1.02] },
    firstRequest: 1.05
  },
  { name: "10 asks of 300 ms", millis: constant(10), wall: { "HTTP/1.1": [1, 1.05] }, firstRequest: 1.05 },
  { name: "100 asks of 300 ms", millis: constant(100), wall: { "HTTP/1.1": [1, 1.3] } },
  {
    name: "1,000 asks of 300 ms",
    millis: constant(1000),
    wall: { "HTTP/1.1": [0.9, 1.3], "TLS, HTTP/2": [0.45, 0.6] }
  }
]

const caseOf = (size: Size, protocol: Protocol, sendsLimitHeaders: boolean): Case => {
  const wall = size.wall[protocol]?.[sendsLimitHeaders ? 0 : 1]
  const { firstRequest } = size
  return {
    name: `${size.name}, ${protocol}, ${sendsLimitHeaders ? "limit headers" : "no limit headers"}`,
    millis: size.millis,
    protocol,
    sendsLimitHeaders,
    targets: {
      ...(wall !== undefined && { wall }),
      ...(firstRequest !== undefined && protocol === "HTTP/1.1" && { firstRequest })
    }
  }
}

/** Every size over both transports, with headers and without; in a quick run four of them. */
export const casesOf = (isQuick: boolean): ReadonlyArray<Case> => {
  const all = (["HTTP/1.1", "TLS, HTTP/2"] as const).flatMap((protocol) =>
    [true, false].flatMap((sendsLimitHeaders) => sizes.map((size) => caseOf(size, protocol, sendsLimitHeaders)))
  )
  return isQuick ? all.filter(isPartOfQuick) : all
}

/** 10 asks with headers, 100 with and without, and 1,000 over HTTP/2 with headers. */
const isPartOfQuick = ({ millis: { length }, protocol, sendsLimitHeaders }: Case): boolean =>
  protocol === "HTTP/1.1"
    ? length === 100 || (length === 10 && sendsLimitHeaders)
    : length === 1000 && sendsLimitHeaders

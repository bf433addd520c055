/** Response bodies in pieces, as the property tests of the transport send them, and how a response is read. */
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib"
import * as fc from "fast-check"
import { Exchange } from "../../src/transport/Exchange.ts"

/** A body as it is sent. `isWhole`: all of it is sent; else some of its last bytes are missing. */
export interface Body {
  readonly text: string
  readonly pieces: ReadonlyArray<Buffer>
  readonly headers: Readonly<Record<string, string>>
  readonly isWhole: boolean
}

const encodings = {
  none: (text: string) => Buffer.from(text),
  gzip: (text: string) => gzipSync(text),
  br: (text: string) => brotliCompressSync(text),
  zstd: (text: string) => zstdCompressSync(text)
}

/** What a body is made of; small, so that a failed test prints it. */
export const plan = fc.record({
  text: fc.oneof(fc.string({ minLength: 1, maxLength: 60 }), fc.constant("long")),
  encoding: fc.constantFrom(...(Object.keys(encodings) as Array<keyof typeof encodings>)),
  hasLength: fc.boolean(),
  /** Where it is cut into pieces, as shares of its length. */
  cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), { maxLength: 6 }),
  isWhole: fc.boolean(),
  /** Bytes that are missing, if it is not. */
  missing: fc.integer({ min: 1, max: 20 })
})
type Plan = typeof plan extends fc.Arbitrary<infer A> ? A : never

/** A text in any encoding, with or without `content-length`, cut anywhere, or cut off; below the 16 kB of an HTTP/2 frame. */
export const make = ({ cuts, encoding, hasLength, isWhole, missing, text: name }: Plan): Body => {
  const text = name === "long" ? "Paris ".repeat(2500) : name
  const all = encodings[encoding](text)
  const sent = isWhole ? all : all.subarray(0, Math.max(0, all.length - missing))
  const at = [0, ...cuts.map((cut) => Math.floor(cut * sent.length)).toSorted((a, b) => a - b), sent.length]
  const pieces = at.slice(1).map((to, index) => sent.subarray(at[index], to))
  return {
    text,
    pieces: pieces.filter(({ length }) => length > 0),
    headers: {
      ...(encoding !== "none" && { "content-encoding": encoding }),
      ...(hasLength && { "content-length": String(all.length) })
    },
    isWhole
  }
}

export const hasLength = ({ headers }: Body): boolean => "content-length" in headers

/** Whether a body that ends too early is known to be cut off. */
export const isCutVisible = (one: Body): boolean => Object.keys(one.headers).length > 0

/** What came of an exchange. */
export type Outcome = { readonly text: string } | { readonly error: unknown } | "hangs"

const hangsAfterMillis = 5000

/** Makes an exchange, and reads its response as a text or piece by piece. */
export const read = (isRead: "as a text" | "piece by piece") => {
  const { promise, reject, resolve } = Promise.withResolvers<Exchange>()
  const exchange = new Exchange("http://localhost/", undefined, resolve, reject)
  const outcome = promise.then(isRead === "as a text" ? (response) => response.text() : textOf).then(
    (text): Outcome => ({ text }),
    (error: unknown): Outcome => ({ error })
  )
  const late = new Promise<Outcome>((resolve) => setTimeout(resolve, hangsAfterMillis, "hangs").unref())
  return { exchange, outcome: Promise.race([outcome, late]) }
}

const textOf = async (response: Exchange): Promise<string> => {
  const decoder = new TextDecoder()
  let text = ""
  for (;;) {
    const { done, value } = await response.getReader().read()
    if (done) return text + decoder.decode()
    text += decoder.decode(value, { stream: true })
  }
}

export const reading = fc.constantFrom("as a text" as const, "piece by piece" as const)

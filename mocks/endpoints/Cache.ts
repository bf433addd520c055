/**
 * The prompt cache. An entry can be read once the first response that wrote it begins. It expires 5 minutes or 1 hour after the
 * start of the last request that wrote or read it. Messages and batches have a cache each.
 */
import * as CacheMarks from "../rules/CacheMarks.ts"
import * as SeededRandom from "../time/SeededRandom.ts"
import * as Media from "../wire/Media.ts"
import * as Models from "../wire/Models.ts"
import { listOf, objectOf, type UncheckedJson } from "../wire/UncheckedJson.ts"
import * as Tokens from "../wire/Tokens.ts"

/** How many input tokens of a request were read from the cache, and written to it for 5 minutes or 1 hour. */
export interface CacheUse {
  readonly read: number
  readonly created5m: number
  readonly created1h: number
}

/** The prompt cache of a mock. Times are the clock's, in milliseconds. */
export interface Cache {
  /**
   * Matches a request against the entries. `store` adds its marked prefixes, to be read from `readableAtMillis` on. Entries that
   * the same `writer` added are not read: the requests of a batch may all be processed at once.
   */
  readonly lookup: (
    body: UncheckedJson,
    nowMillis: number,
    writer?: string
  ) => CacheUse & { readonly store: (readableAtMillis: number) => void }
}

const minuteMillis = 60_000
const lifetimeMillis = { "5m": 5 * minuteMillis, "1h": 60 * minuteMillis }
/** The number of entries above which a store drops the expired ones. */
const sweepAbove = 10_000
type Ttl = keyof typeof lifetimeMillis

/** A block at whose end a cached prefix may end; `ttl` is set where the request marks it. */
interface Piece {
  readonly text: string
  readonly tokens: number
  readonly ttl: Ttl | undefined
}

const ttlOf = (value: unknown): Ttl | undefined => {
  const control = objectOf(value)
  return control === undefined ? undefined : control["ttl"] === "1h" ? "1h" : "5m"
}

const withoutMark = (block: UncheckedJson): string => {
  const { cache_control: _, ...rest } = block
  const source = objectOf(rest["source"])
  const facts = Media.factsOf(source?.["data"])
  // The bytes of a document are hashed once, not for each request.
  return JSON.stringify(facts === undefined ? rest : { ...rest, source: { ...source, data: facts.hash } })
}

const contentPieces = (content: unknown, role: string): ReadonlyArray<Piece> => {
  if (typeof content === "string") {
    return [
      {
        text: `${role}${JSON.stringify({ type: "text", text: content })}`,
        tokens: Tokens.ofText(content),
        ttl: undefined
      }
    ]
  }
  return listOf(content).map((item) => {
    const block = objectOf(item) ?? {}
    return { text: role + withoutMark(block), tokens: Tokens.ofContent(block), ttl: ttlOf(block["cache_control"]) }
  })
}

/** Lists the blocks of a request in the order in which the API builds prefixes: tools, system, messages. */
const pieces = (body: UncheckedJson): ReadonlyArray<Piece> => {
  const tools = listOf(body["tools"]).map((item): Piece => {
    const tool = objectOf(item) ?? {}
    return { text: withoutMark(tool), tokens: Tokens.ofText(withoutMark(tool)), ttl: ttlOf(tool["cache_control"]) }
  })
  const turns = listOf(body["messages"]).flatMap((item) => {
    const turn = objectOf(item) ?? {}
    return contentPieces(turn["content"], String(turn["role"]))
  })
  const all = [...tools, ...contentPieces(body["system"], "system"), ...turns]
  const automatic = ttlOf(body["cache_control"])
  const last = all.at(-1)
  // `cache_control` at the top level of a request marks its last block.
  return automatic === undefined || last === undefined
    ? all
    : [...all.slice(0, -1), { ...last, ttl: last.ttl ?? automatic }]
}

/** The settings of a request that belong to each of its prefixes: requests that differ in one share no entries. */
const settingsOf = (body: UncheckedJson): string =>
  JSON.stringify([body["model"], body["thinking"], body["output_config"], body["tool_choice"]])

interface Entry {
  readonly readableAt: number
  expiresAt: number
  readonly ttl: Ttl
  readonly writer: string | undefined
}

/** Makes an empty cache; `timeScale` multiplies the lives of its entries. */
export const make = (timeScale = 1): Cache => {
  const entries = new Map<string, Entry>()
  const lifeOf = (ttl: Ttl): number => lifetimeMillis[ttl] * timeScale
  return {
    lookup: (body, now, writer) => {
      // Most requests mark nothing: they are not cut into pieces.
      const isMarked = body["cache_control"] !== undefined || CacheMarks.of(body).length > 0
      const all = isMarked ? pieces(body) : []
      const last = all.findLastIndex((piece) => piece.ttl !== undefined)
      if (last < 0) return { read: 0, created5m: 0, created1h: 0, store: () => {} }
      const minimumTokens = Models.find(String(body["model"]))?.minimumCacheTokens ?? 1024
      let key = SeededRandom.hash(settingsOf(body), 0)
      let tokens = 0
      let read = 0
      const marked: Array<{ readonly key: string; readonly tokens: number; readonly ttl: Ttl }> = []
      for (const piece of all.slice(0, last + 1)) {
        key = SeededRandom.hash(piece.text, key)
        tokens += piece.tokens
        const name = `${key}`
        const entry = entries.get(name)
        const isOwn = writer !== undefined && entry?.writer === writer
        if (entry !== undefined && !isOwn && entry.readableAt <= now && entry.expiresAt > now) {
          read = tokens
          entry.expiresAt = now + lifeOf(entry.ttl)
        }
        if (piece.ttl !== undefined && tokens >= minimumTokens) marked.push({ key: name, tokens, ttl: piece.ttl })
      }
      const unread = marked.filter((one) => one.tokens > read)
      const created = { "5m": 0, "1h": 0 }
      let from = read
      for (const mark of unread) {
        created[mark.ttl] += mark.tokens - from
        from = mark.tokens
      }
      return {
        read,
        created5m: created["5m"],
        created1h: created["1h"],
        store: (readableAt) => {
          for (const { key, ttl } of unread) {
            const known = entries.get(key)
            // Of concurrent requests that write the same prefix, the first decides when it can be read.
            if (known !== undefined && known.expiresAt > now) continue
            entries.set(key, { readableAt, expiresAt: now + lifeOf(ttl), ttl, writer })
          }
          if (entries.size > sweepAbove) {
            for (const [key, entry] of entries) if (entry.expiresAt <= now) entries.delete(key)
          }
        }
      }
    }
  }
}

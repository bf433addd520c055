/** The prompt cache: an entry can be read once the first response that wrote it begins, and lives from the request's start. */
import * as SeededRandom from "../time/SeededRandom.ts"
import * as Models from "../wire/Models.ts"
import { listOf, objectOf, type UncheckedJson } from "../wire/UncheckedJson.ts"
import * as Tokens from "../wire/Tokens.ts"

/** Tokens read from the cache and written to it; the rest of the input is neither. */
export interface Split {
  readonly read: number
  readonly created5m: number
  readonly created1h: number
}

/** The cache of a mock. Times are the clock's. */
export interface Cache {
  /** Splits a request's input; `write` puts what it marks into the cache, to be read from `beginsAtMillis` on. */
  readonly visit: (
    body: UncheckedJson,
    nowMillis: number
  ) => Split & { readonly write: (beginsAtMillis: number) => void }
}

const minuteMillis = 60_000
const livesMillis = { "5m": 5 * minuteMillis, "1h": 60 * minuteMillis }
/** Beyond this many, expired entries are dropped. */
const keptEntries = 10_000
type Ttl = keyof typeof livesMillis

interface Piece {
  readonly text: string
  readonly tokens: number
  readonly ttl: Ttl | undefined
}

const ttlOf = (value: unknown): Ttl | undefined => {
  const control = objectOf(value)
  return control === undefined ? undefined : control["ttl"] === "1h" ? "1h" : "5m"
}

const bare = (block: UncheckedJson): string => {
  const { cache_control: _, ...rest } = block
  return JSON.stringify(rest)
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
    return { text: role + bare(block), tokens: Tokens.ofContent(block), ttl: ttlOf(block["cache_control"]) }
  })
}

/** Cuts a request into the pieces at which a prefix can end, in the order tools, system, messages. */
const pieces = (body: UncheckedJson): ReadonlyArray<Piece> => {
  const tools = listOf(body["tools"]).map((item): Piece => {
    const tool = objectOf(item) ?? {}
    return { text: bare(tool), tokens: Tokens.ofText(bare(tool)), ttl: ttlOf(tool["cache_control"]) }
  })
  const turns = listOf(body["messages"]).flatMap((item) => {
    const turn = objectOf(item) ?? {}
    return contentPieces(turn["content"], String(turn["role"]))
  })
  const all = [...tools, ...contentPieces(body["system"], "system"), ...turns]
  const automatic = ttlOf(body["cache_control"])
  const last = all.at(-1)
  // The mark at the top level stands for one at the last block.
  return automatic === undefined || last === undefined
    ? all
    : [...all.slice(0, -1), { ...last, ttl: last.ttl ?? automatic }]
}

/** What invalidates every prefix when it changes. */
const ground = (body: UncheckedJson): string =>
  JSON.stringify([body["model"], body["thinking"], body["output_config"], body["tool_choice"]])

/** Makes an empty cache. */
export const make = (): Cache => {
  const entries = new Map<string, { readonly readableAt: number; expiresAt: number; readonly ttl: Ttl }>()
  return {
    visit: (body, now) => {
      const all = pieces(body)
      const last = all.findLastIndex((piece) => piece.ttl !== undefined)
      if (last < 0) return { read: 0, created5m: 0, created1h: 0, write: () => {} }
      const least = Models.find(String(body["model"]))?.minimumCacheTokens ?? 1024
      let key = SeededRandom.hash(ground(body), 0)
      let tokens = 0
      let read = 0
      const marked: Array<{ readonly key: string; readonly tokens: number; readonly ttl: Ttl }> = []
      for (const piece of all.slice(0, last + 1)) {
        key = SeededRandom.hash(piece.text, key)
        tokens += piece.tokens
        const name = `${key}`
        const entry = entries.get(name)
        if (entry !== undefined && entry.readableAt <= now && entry.expiresAt > now) {
          read = tokens
          entry.expiresAt = now + livesMillis[entry.ttl]
        }
        if (piece.ttl !== undefined && tokens >= least) marked.push({ key: name, tokens, ttl: piece.ttl })
      }
      const fresh = marked.filter((one) => one.tokens > read)
      const created = { "5m": 0, "1h": 0 }
      let from = read
      for (const mark of fresh) {
        created[mark.ttl] += mark.tokens - from
        from = mark.tokens
      }
      return {
        read,
        created5m: created["5m"],
        created1h: created["1h"],
        write: (beginsAt) => {
          for (const { key, ttl } of fresh) {
            const known = entries.get(key)
            // The first to write decides when an entry can be read; a sibling that wrote it too changes nothing.
            if (known !== undefined && known.expiresAt > now) continue
            entries.set(key, { readableAt: beginsAt, expiresAt: now + livesMillis[ttl], ttl })
          }
          if (entries.size > keptEntries) {
            for (const [key, entry] of entries) if (entry.expiresAt <= now) entries.delete(key)
          }
        }
      }
    }
  }
}

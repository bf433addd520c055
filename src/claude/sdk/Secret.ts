/** Cuts secrets out of whatever comes back: a server, a proxy or the platform may echo what it was sent. */
import { Predicate } from "effect"
import type { AskError } from "../AskError.ts"
import type { Reply } from "../Message.ts"

/** A shorter key is a placeholder for a mock, and would be found in the midst of words. */
const shortestSecret = 8

/** Characters of a key that are the same for everybody, and one more: an error's excerpt may end within the key. */
const excerptFrom = "sk-ant-".length + 1

/** An answer may speak of keys, and show how they begin: only what goes well into the secret part is cut out of it. */
const answerFrom = "sk-ant-api03-".length + 7

/** Cuts these secrets out of replies, errors and streamed text. */
export const cutter = (all: ReadonlyArray<string>) => {
  const secrets = all.filter((secret) => secret.length >= shortestSecret)
  const cutAll = (text: string, from: number): string => secrets.reduce((rest, secret) => cut(rest, secret, from), text)
  const clean = <A extends object>(data: A, from: number): A =>
    secrets.some((secret) => mentions(data, secret.slice(0, from)))
      ? (deep(data, (text) => cutAll(text, from)) as A)
      : data
  return {
    reply: (reply: Reply): Reply => clean(reply, answerFrom),

    error: (error: AskError): AskError => {
      const { headers, model, partialText, requestId } = error
      const Reason = error.reason.constructor as new (fields: object) => AskError["reason"]
      return error.with({
        reason: new Reason(clean({ ...error.reason }, excerptFrom)),
        ...clean({ headers, model, partialText, requestId }, excerptFrom)
      })
    },

    text: (text: string): string => cutAll(text, answerFrom),

    /** For text that comes in pieces: what may be the beginning of a secret is held back until more of it has come. */
    pieces: () => {
      let held = ""
      return (piece: string, isLast = false): string => {
        const text = held + piece
        const open = isLast ? 0 : Math.max(0, ...secrets.map((secret) => overlap(text, secret)))
        held = text.slice(text.length - open)
        return cutAll(text.slice(0, text.length - open), answerFrom)
      }
    }
  }
}
export type Cutter = ReturnType<typeof cutter>

/** The values of `ANTHROPIC_CUSTOM_HEADERS`, which the SDK sends along, where the header's name says that it is a secret. */
export const ofCustomHeaders = (lines: string | undefined): ReadonlyArray<string> =>
  [...(lines ?? "").matchAll(/^[^:\n]*(?:auth|key|token|secret|cookie|password|credential)[^:\n]*:(.*)$/gim)].map(
    ([, value = ""]) => value.trim().replace(/^(?:bearer|basic)\s+/i, "")
  )

/** Whether a text stands anywhere in plain data: almost never, so nothing is copied to find that out. */
const mentions = (value: unknown, text: string): boolean => {
  if (typeof value === "string") return has(value, text)
  if (typeof value !== "object" || value === null) return false
  if (Array.isArray(value)) return value.some((each) => mentions(each, text))
  return Object.entries(value).some(([name, each]) => has(name, text) || mentions(each, text))
}

/** Most strings are too short for it, and asking for their length costs less than searching them. */
const has = (value: string, text: string): boolean => value.length >= text.length && value.includes(text)

/** Every string of plain data, keys of objects included. */
const deep = (value: unknown, change: (text: string) => string): unknown => {
  if (typeof value === "string") return change(value)
  if (Array.isArray(value)) return value.map((each) => deep(each, change))
  if (!Predicate.isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [change(name), deep(each, change)]))
}

/** Cuts out a secret, and any beginning of it of `from` characters or more. */
const cut = (text: string, secret: string, from: number): string => {
  const rest = secret.slice(from)
  const [before = "", ...parts] = text.split(secret.slice(0, from))
  return before + parts.map((part) => `<key>${part.slice(commonLength(part, rest))}`).join("")
}

const commonLength = (a: string, b: string): number => {
  let length = 0
  while (length < b.length && a[length] === b[length]) length++
  return length
}

/** How many of the last characters of `text` may be the beginning of `secret`. */
const overlap = (text: string, secret: string): number => {
  for (let at = Math.max(0, text.length - secret.length + 1); at < text.length; at++) {
    if (secret.startsWith(text.slice(at))) return text.length - at
  }
  return 0
}

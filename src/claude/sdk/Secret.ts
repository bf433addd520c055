/** Removes secrets from replies and errors: a server, a proxy or the platform may echo the headers of the request. */
import { Predicate } from "effect"
import type { AskError } from "../AskError.ts"
import type { Reply } from "../Message.ts"

/** Minimum length of a secret in errors. A shorter key is a placeholder for a mock, and would match parts of ordinary words. */
const minLength = 8

/** In errors, a secret's first characters are removed too if they are at least this many, as an excerpt may end within the key. */
const minPrefixInError = "sk-ant-".length + 1

/** The same in answers, which may mention how keys begin: the prefix that all keys share and 7 secret characters. */
const minPrefixInAnswer = "sk-ant-api03-".length + 7

/** Words that placeholders such as `sk-no-key-required`, `your-key-here` or `local-model-server-2024` are made of, with a short number. */
const placeholder =
  /^(?:sk|ant|or|proj|api|v|key|token|none|no|not|required|needed|dummy|fake|example|sample|demo|placeholder|change|me|replace|insert|default|unused|your|my|the|local|host|test|ing|here|goes|model|server|proxy)*\d{0,4}$/i

/** The text without what of it is one character again and again, or counts up, as `xxxxx` and `12345` do. */
const withoutRuns = (text: string): string =>
  text
    .replaceAll(/(.)\1{4,}/g, "")
    .replaceAll(/\d{5,}|[a-z]{5,}|[A-Z]{5,}/g, (part) => (counting.includes(part.toLowerCase()) ? "" : part))

const counting = "01234567890123456789abcdefghijklmnopqrstuvwxyz"

/** A part of a phrase: letters in one case, but for the first, or digits. */
const word = /^(?:[A-Z]?[a-z]+|[A-Z]+|\d+)$/

/**
 * Whether a text can be no word of an answer: 12 or more characters in parts that mix letters and digits, or cases, or a phrase of 20.
 * Placeholders do not count. Of texts such as `lmstudio` an answer may speak, and they are worth no protection.
 */
const isUnguessable = (secret: string): boolean => {
  const parts = secret
    .split(/[^a-z\d]+/i)
    .filter((part) => !placeholder.test(part) && !placeholder.test(withoutRuns(part)))
  return parts.filter((part) => !word.test(part)).join("").length >= 12 || parts.join("-").length >= 20
}

/** Returns functions that replace these secrets by `<key>` in errors, and those that no answer has by chance in replies and text. */
export const cutter = (all: ReadonlyArray<string>) => {
  const inErrors = all.filter((secret) => secret.length >= minLength)
  const secrets = inErrors.filter(isUnguessable)
  const cutAll = (text: string, minPrefix: number, these = secrets): string =>
    these.reduce((rest, secret) => cut(rest, secret, minPrefix), text)
  const clean = <A extends object>(data: A, minPrefix: number, these = secrets): A =>
    these.some((secret) => includes(data, secret.slice(0, minPrefix)))
      ? (mapStrings(data, (text) => cutAll(text, minPrefix, these)) as A)
      : data
  const prefixes = secrets.map((secret) => secret.slice(0, minPrefixInAnswer))
  // JSON can write these characters in one other way only: as \u and their code.
  const isUnescaped = secrets.every((secret) => /^[\w.~+=-]+$/.test(secret))
  const mayHold = (json: string): boolean =>
    !isUnescaped || json.includes("\\u") || prefixes.some((prefix) => json.includes(prefix))
  return {
    /** `json`: the text that the reply was parsed from, if at hand; searching it is cheaper than visiting all its parts. */
    reply: (reply: Reply, json?: string): Reply =>
      json !== undefined && !mayHold(json) && !prefixes.some((prefix) => includes(reply.headers, prefix))
        ? reply
        : clean(reply, minPrefixInAnswer),

    error: (error: AskError): AskError => {
      const { headers, model, partialText, requestId } = error
      const Reason = error.reason.constructor as new (fields: object) => AskError["reason"]
      return error.with({
        reason: new Reason(clean({ ...error.reason }, minPrefixInError, inErrors)),
        ...clean({ headers, model, requestId }, minPrefixInError, inErrors),
        ...clean({ partialText }, minPrefixInError)
      })
    },

    text: (text: string): string => cutAll(text, minPrefixInAnswer),

    /**
     * For streamed text: returns a function from each piece to the text that can be shown. An end that may be the beginning of
     * a secret is shown with a later piece; `isLast` returns all that is left.
     */
    pieces: () => {
      let heldBack = ""
      return (piece: string, isLast = false): string => {
        const text = heldBack + piece
        const uncertain = isLast ? 0 : Math.max(0, ...secrets.map((secret) => overlap(text, secret)))
        heldBack = text.slice(text.length - uncertain)
        return cutAll(text.slice(0, text.length - uncertain), minPrefixInAnswer)
      }
    }
  }
}
export type Cutter = ReturnType<typeof cutter>

/** The values in `ANTHROPIC_CUSTOM_HEADERS` (lines `name: value`, sent by the SDK) whose header has a name like a secret's. */
export const ofCustomHeaders = (lines: string | undefined): ReadonlyArray<string> =>
  [...(lines ?? "").matchAll(/^[^:\n]*(?:auth|key|token|secret|cookie|password|credential)[^:\n]*:(.*)$/gim)].map(
    ([, value = ""]) => value.trim().replace(/^(?:bearer|basic)\s+/i, "")
  )

/** Whether any string of plain data contains a text. Almost none does, so `clean` checks this before it copies. */
const includes = (value: unknown, text: string): boolean => {
  if (typeof value === "string") return contains(value, text)
  if (typeof value !== "object" || value === null) return false
  if (Array.isArray(value)) return value.some((each) => includes(each, text))
  for (const name in value) {
    if (contains(name, text) || includes((value as Record<string, unknown>)[name], text)) return true
  }
  return false
}

/** The length is compared first: most strings are shorter than a secret, and this is cheaper than a search. */
const contains = (value: string, text: string): boolean => value.length >= text.length && value.includes(text)

/** Copies plain data with each string changed, keys of objects included. */
const mapStrings = (value: unknown, change: (text: string) => string): unknown => {
  if (typeof value === "string") return change(value)
  if (Array.isArray(value)) return value.map((each) => mapStrings(each, change))
  if (!Predicate.isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [change(name), mapStrings(each, change)]))
}

/** Replaces a secret, and any first part of it with at least `minPrefix` characters, by `<key>`. */
const cut = (text: string, secret: string, minPrefix: number): string => {
  const rest = secret.slice(minPrefix)
  const [before = "", ...parts] = text.split(secret.slice(0, minPrefix))
  return before + parts.map((part) => `<key>${part.slice(commonLength(part, rest))}`).join("")
}

/** Length of the longest common prefix. */
const commonLength = (a: string, b: string): number => {
  let length = 0
  while (length < b.length && a[length] === b[length]) length++
  return length
}

/** Length of the longest end of `text` that is a beginning of `secret`, but not all of it. */
const overlap = (text: string, secret: string): number => {
  for (let at = Math.max(0, text.length - secret.length + 1); at < text.length; at++) {
    if (secret.startsWith(text.slice(at))) return text.length - at
  }
  return 0
}

/** Which findings are folded together where one request cannot hold them all: groups in order, balanced, in as few levels as can be. */
import { answerFrameTokens, tokenizerFactor } from "./TokenCount.ts"

/** What one fold may hold. All but `fanIn` in tokens. */
export interface Limits {
  /** Input and output together. */
  readonly window: number
  /** The same for a fold that is not the document, where its model has a smaller window. */
  readonly foldWindow?: number
  /** Input of such a fold above which its model costs more: no fold has more where that needs no more levels. */
  readonly longPrompt?: number
  /** Most findings that one fold reads. */
  readonly fanIn: number
  /** Output of the document. */
  readonly maxTokens: number
  /** Input of a fold beside its findings: system prompt, instruction, schema, tags. */
  readonly frame: number
}

/**
 * The share of the window that the text of a fold may have: about ten such texts fit into the next fold, so that levels are few.
 */
const foldShare = 12

/** Output tokens of a fold that is not the document, at most. */
export const foldMaxTokens = ({ foldWindow, maxTokens, window }: Limits): number =>
  Math.max(1, Math.min(maxTokens, Math.floor((foldWindow ?? window) / foldShare)))

/** Tokens of findings that the document can read. */
export const documentRoom = ({ frame, maxTokens, window }: Limits): number => window - maxTokens - frame

/** Tokens of findings that a fold which is not the document can read. */
export const foldRoom = (limits: Limits): number =>
  (limits.foldWindow ?? limits.window) - foldMaxTokens(limits) - limits.frame

/** The same, less what makes its prompt cost more. */
const shortRoom = (limits: Limits): number =>
  Math.min(foldRoom(limits), (limits.longPrompt ?? Number.POSITIVE_INFINITY) - limits.frame)

/** Names of asks that a fold's text is introduced with; of more, the first and the last stand for all. */
export const namesListed = 20

/** Tokens of a fold's text as a finding of the next level, with the names of its asks, at most. */
export const foldedTokens = (limits: Limits, nameTokens: number): number =>
  Math.ceil(foldMaxTokens(limits) * tokenizerFactor) + answerFrameTokens + nameTokens

/** One fold: what it reads, in order, by the position of a finding or as the fold of a lower level. `level` and `nth` count from 1. */
export interface Fold {
  readonly level: number
  readonly nth: number
  readonly parts: ReadonlyArray<number | Fold>
}

/** `parts`: what the document itself reads; `levels`: how many there are, the document's included. */
export interface Tree {
  readonly parts: ReadonlyArray<number | Fold>
  readonly levels: number
  /** All folds, level by level, without the document. */
  readonly folds: ReadonlyArray<ReadonlyArray<Fold>>
}

/** The finding that no fold can read, by its position and with its tokens; `undefined` where even two texts of folds do not fit. */
export interface Unfoldable {
  readonly _tag: "Unfoldable"
  readonly position: number | undefined
  readonly tokens: number
  readonly room: number
}

interface Part {
  readonly tokens: number
  readonly asks: number
  readonly part: number | Fold
}

/** Tokens of the names of so many asks in the tag of a fold's text: 20 characters each, three characters a token. */
const nameTokensOf = (asks: number): number => 7 * Math.min(asks, namesListed)

/**
 * The tree for findings of these sizes, in tokens. One level where the document can read them all. Where it needs no more levels,
 * no fold has a prompt that costs more, and sizes count in steps of a ninth: an answer that is a little longer than before then
 * leaves the groups as they are, and only its own folds are made anew.
 */
export const make = (tokens: ReadonlyArray<number>, limits: Limits): Tree | Unfoldable => {
  const room = foldRoom(limits)
  const exact = of(tokens, limits, room)
  if ("_tag" in exact || exact.levels === 1) return exact
  const stepsIn = (room: number) =>
    tokens.map((each) =>
      Math.min(Math.max(each, room), Math.ceil(2 ** (Math.ceil(8 * Math.log2(Math.max(1, each))) / 8)))
    )
  const short = shortRoom(limits)
  for (const [sizes, within] of [
    [stepsIn(short), short] as const,
    [tokens, short] as const,
    [stepsIn(room), room] as const
  ]) {
    const tree = of(sizes, limits, within)
    if (!("_tag" in tree) && tree.levels <= exact.levels) return tree
  }
  return exact
}

const of = (tokens: ReadonlyArray<number>, limits: Limits, room: number): Tree | Unfoldable => {
  const folds: Array<ReadonlyArray<Fold>> = []
  let parts = tokens.map((tokens, position): Part => ({ tokens, asks: 1, part: position }))
  for (let level = 1; !fits(parts, documentRoom(limits), limits.fanIn); level++) {
    const large = parts.find(({ tokens }) => tokens > room)
    if (large !== undefined) return unfoldable(large, room)
    let nth = 0
    const next = partition(parts, room, limits.fanIn).map((group): Part => {
      const asks = group.reduce((sum, part) => sum + part.asks, 0)
      const folded = foldedTokens(limits, nameTokensOf(asks))
      const [only] = group
      // A text that is short enough already is handed on as it is.
      if (group.length === 1 && only !== undefined && only.tokens <= folded) return only
      return { tokens: folded, asks, part: { level, nth: ++nth, parts: group.map(({ part }) => part) } }
    })
    if (next.length === parts.length && sum(next) >= sum(parts)) return unfoldable(undefined, room)
    parts = next
    folds.push(next.flatMap(({ part }) => (typeof part === "object" && part.level === level ? [part] : [])))
  }
  return { parts: parts.map(({ part }) => part), levels: folds.length + 1, folds }
}

const unfoldable = (part: Part | undefined, room: number): Unfoldable => ({
  _tag: "Unfoldable",
  position: typeof part?.part === "number" ? part.part : undefined,
  tokens: part?.tokens ?? 0,
  room
})

const sum = (parts: ReadonlyArray<Part>): number => parts.reduce((sum, { tokens }) => sum + tokens, 0)
const fits = (parts: ReadonlyArray<Part>, room: number, fanIn: number): boolean =>
  parts.length <= fanIn && sum(parts) <= room

/** As few groups of neighbours as can be; of equally many parts where these fit, or else as equal in tokens as can be. */
const partition = (parts: ReadonlyArray<Part>, room: number, fanIn: number): ReadonlyArray<ReadonlyArray<Part>> => {
  const least = filled(parts, room, fanIn)
  const even = inCounts(parts, least.length)
  if (even.every((group) => fits(group, room, fanIn))) return even
  let [low, high] = [Math.max(...parts.map(({ tokens }) => tokens)), room]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (filled(parts, middle, fanIn).length <= least.length) high = middle
    else low = middle + 1
  }
  return filled(parts, high, fanIn)
}

/** Fills one group after the other: no other way has fewer of them. */
export const filled = <P extends { readonly tokens: number }>(
  parts: ReadonlyArray<P>,
  room: number,
  fanIn: number
): ReadonlyArray<ReadonlyArray<P>> => {
  const groups: Array<Array<P>> = []
  let left = 0
  for (const part of parts) {
    const last = groups.at(-1)
    if (last !== undefined && last.length < fanIn && part.tokens <= left) {
      last.push(part)
      left -= part.tokens
    } else {
      groups.push([part])
      left = room - part.tokens
    }
  }
  return groups
}

const inCounts = (parts: ReadonlyArray<Part>, groups: number): ReadonlyArray<ReadonlyArray<Part>> =>
  Array.from({ length: groups }, (_, n) =>
    parts.slice(Math.floor((n * parts.length) / groups), Math.floor(((n + 1) * parts.length) / groups))
  )

/** The folds below the document at most, however the answers are spread: their number, and tokens in and out of all of them. */
export interface Bound {
  readonly folds: number
  readonly inputTokens: number
  readonly outputTokens: number
  /** Findings of the document, in tokens. */
  readonly documentTokens: number
}

/** The bound for so many findings with so many tokens together; `undefined` where the document can read them all. */
export const bound = (tokens: number, findings: number, limits: Limits): Bound | undefined => {
  if (tokens <= documentRoom(limits) && findings <= limits.fanIn) return undefined
  const [a, b] = [foldRoom(limits), shortRoom(limits)].map((room) =>
    boundIn(Math.max(1, room), tokens, findings, limits)
  )
  return {
    folds: Math.max(a!.folds, b!.folds),
    inputTokens: Math.max(a!.inputTokens, b!.inputTokens),
    outputTokens: Math.max(a!.outputTokens, b!.outputTokens),
    documentTokens: Math.max(a!.documentTokens, b!.documentTokens)
  }
}

const boundIn = (room: number, tokens: number, findings: number, limits: Limits): Bound => {
  const output = foldMaxTokens(limits)
  // A group is full by its count, or it is more than the room together with the next one. Sizes may count as a tenth more.
  const byTokens = 1.1 * tokens <= room ? 0 : Math.ceil((2.2 * tokens) / room)
  let parts = Math.min(findings, Math.ceil(findings / limits.fanIn) + byTokens)
  const each = foldedTokens(limits, nameTokensOf(namesListed))
  const most = Math.max(2, Math.min(limits.fanIn, Math.floor(room / each)))
  // Fewer first folds may need fewer levels, and leave more texts to the document.
  const documentTokens = Math.min(documentRoom(limits), Math.min(parts, limits.fanIn) * each)
  let folds = parts
  let inputTokens = tokens + parts * limits.frame
  while (parts > 1 && (parts > limits.fanIn || parts * each > documentRoom(limits))) {
    const next = Math.ceil(parts / most)
    folds += next
    inputTokens += parts * each + next * limits.frame
    parts = next
  }
  return { folds, inputTokens, outputTokens: folds * output, documentTokens }
}

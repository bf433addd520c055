/** Who of a run's calls takes much longer than the others, and may have a second copy. */

/** A call takes too long where so many of all that left are back, each in less time. */
const share = 0.95

/** Fewer calls than that say nothing of the slowest one in twenty. */
const fewest = 20

/** How long after a copy was turned away the next may be tried: about the time of a short answer. */
const restMillis = 1000

/** A call on its way. `begin` sends its second copy. */
export interface Flight {
  readonly model: string
  readonly leftAt: number
  readonly begin: () => void
  /** It has a second copy, or had one. */
  isDoubled: boolean
}

export class HedgeCandidates {
  readonly #most: number
  readonly #afterMillis: number | undefined
  readonly #fleets = new Map<string, Fleet>()
  /** Copies that were begun, and those of them that left. */
  #begun = 0
  #left = 0
  #restUntil = Number.NEGATIVE_INFINITY

  /** `most`: second copies, at most. `afterMillis`: when a call takes too long; by default that is measured. */
  constructor(most: number, afterMillis?: number) {
    this.#most = most
    this.#afterMillis = afterMillis
  }

  /** No call will have a second copy any more. */
  get isSpent(): boolean {
    return this.#left >= this.#most
  }

  /** Nobody is on the way. */
  get isIdle(): boolean {
    for (const { flights } of this.#fleets.values()) if (flights.size > 0) return false
    return true
  }

  /** A call left for a model, at that time. */
  leave(model: string, leftAt: number, begin: () => void): Flight {
    const flight: Flight = { model, leftAt, begin, isDoubled: false }
    this.#fleetOf(model).flights.add(flight)
    return flight
  }

  /** A call is over; `millis` where it took so long, or would have taken longer. */
  end(flight: Flight, millis?: number): void {
    const { flights, times } = this.#fleetOf(flight.model)
    if (flights.delete(flight) && millis !== undefined && this.#afterMillis === undefined) times.add(millis)
  }

  /** When the next call takes too long, as far as is known. */
  get dueAt(): number {
    return this.#next().at
  }

  /** A call that takes too long by now, the oldest first; its copy counts from here on. */
  take(now: number): Flight | undefined {
    const { at, flight } = this.#next()
    if (flight === undefined || at > now) return undefined
    flight.isDoubled = true
    this.#begun++
    return flight
  }

  /** A copy left. */
  spend(): void {
    this.#left++
  }

  /** A copy was turned away before it left: its call may have another, a little later. */
  giveBack(flight: Flight, now: number): void {
    this.#begun--
    this.#restUntil = now + restMillis
    flight.isDoubled = false
  }

  #next(): { readonly at: number; readonly flight?: Flight } {
    let next: { readonly at: number; readonly flight?: Flight } = { at: Number.POSITIVE_INFINITY }
    if (this.#begun >= this.#most) return next
    for (const { flights, times } of this.#fleets.values()) {
      const after = this.#afterMillis ?? times.longerThan(share, flights.size)
      if (after === Number.POSITIVE_INFINITY) continue
      // In the order of their leaving; of those before the first without a copy there are no more than copies.
      for (const flight of flights) {
        if (flight.isDoubled) continue
        const at = Math.max(flight.leftAt + after, this.#restUntil)
        if (at < next.at) next = { at, flight }
        break
      }
    }
    return next
  }

  #fleetOf(model: string): Fleet {
    const known = this.#fleets.get(model)
    if (known !== undefined) return known
    const fleet = { flights: new Set<Flight>(), times: new Times() }
    this.#fleets.set(model, fleet)
    return fleet
  }
}

/** The calls to one model: those on their way, and how long the others took. */
interface Fleet {
  readonly flights: Set<Flight>
  readonly times: Times
}

/** Times are told apart from 1 % on, up to some days. */
const resolution = 1.01
const edges = Float64Array.from({ length: 2048 }, (_, bucket) => resolution ** bucket - 1)

const bucketOf = (millis: number): number => {
  const bucket = Math.min(Math.floor(Math.log1p(millis) / Math.log(resolution)), edges.length - 2)
  // A logarithm may round down to the bucket below.
  return edges[bucket + 1]! <= millis && bucket < edges.length - 2 ? bucket + 1 : bucket
}

/** How long calls took, counted by buckets: thousands of calls need no more room than a few. */
class Times {
  readonly #counts = new Uint32Array(edges.length)
  #count = 0
  #longest = 0

  add(millis: number): void {
    const bucket = bucketOf(Math.max(0, millis))
    this.#counts[bucket]!++
    this.#count++
    this.#longest = Math.max(this.#longest, bucket)
  }

  /**
   * The time within which this share of all is back, where `missing` more are not: infinite as long as fewer are. Those
   * count whatever their age, as else, where calls left one by one, the first would be compared with the quickest only.
   */
  longerThan(share: number, missing: number): number {
    const all = this.#count + missing
    const slower = this.#count - Math.ceil(share * all)
    if (all < fewest || slower < 0) return Number.POSITIVE_INFINITY
    let bucket = this.#longest
    for (let seen = this.#counts[bucket]!; seen <= slower; seen += this.#counts[bucket]!) bucket--
    return edges[bucket + 1]!
  }
}

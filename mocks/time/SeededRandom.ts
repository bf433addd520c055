/** Seeded chance: every draw is a pure function of (seed, request body, attempt, name of the value), so arrival order cannot matter. */

/** One request's private source of chance. Draws are named: adding one never shifts the others. */
export interface SeededRandom {
  /** A number in [0, 1). */
  readonly uniform: (name: string) => number
  /** A number from the standard normal distribution. */
  readonly normal: (name: string) => number
  /** `length` characters of the alphabet that the API's identifiers use. */
  readonly letters: (name: string, length: number) => string
}

const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

/** Gives 53 bits of `text`, mixed with `seed` (cyrb53, public domain: fast, well spread, not cryptographic). */
export const hash = (text: string, seed: number): number => {
  let high = 0xdeadbeef ^ seed
  let low = 0x41c6ce57 ^ Math.floor(seed / 0x100000000)
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    high = Math.imul(high ^ code, 2654435761)
    low = Math.imul(low ^ code, 1597334677)
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909)
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909)
  return 4294967296 * (2097151 & low) + (high >>> 0)
}

/** Makes the source for the `attempt`-th arrival (from 1) of a body whose hash is `bodyHash`. */
export const make = (seed: number, bodyHash: number, attempt: number): SeededRandom => {
  const root = hash(`${bodyHash}:${attempt}`, seed)
  const uniform = (name: string): number => hash(name, root) / 2 ** 53
  return {
    uniform,
    normal: (name) =>
      // 1 - u keeps the logarithm finite.
      Math.sqrt(-2 * Math.log(1 - uniform(`${name}:radius`))) * Math.cos(2 * Math.PI * uniform(`${name}:angle`)),
    letters: (name, length) => {
      let text = ""
      for (let block = 0; text.length < length; block++) {
        let bits = hash(`${name}:${block}`, root)
        for (let digit = 0; digit < 8 && text.length < length; digit++) {
          text += alphabet[bits % alphabet.length]
          bits = Math.floor(bits / alphabet.length)
        }
      }
      return text
    }
  }
}

/** Random values that are a pure function of seed, request body, attempt and value name: the order of arrival does not matter. */

/** The random values of one attempt. Each has a name, so that a further value does not change the others. */
export interface SeededRandom {
  /** Gives a number in [0, 1). */
  readonly uniform: (name: string) => number
  /** Gives a number of the standard normal distribution. */
  readonly normal: (name: string) => number
  /** Gives `length` characters of the alphabet of the API's identifiers (base 58). */
  readonly letters: (name: string, length: number) => string
  /** Gives `length` hexadecimal digits. */
  readonly hexadecimal: (name: string, length: number) => string
}

const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

/** Hashes `text` and `seed` to 53 bits (cyrb53, public domain; not cryptographic). */
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

/** The two hexadecimal digits of each byte: formatting a whole hash takes longer. */
const byteDigits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))

/** All pairs of letters by their number in base 58, lowest digit first. */
const letterPairs = Array.from(
  { length: alphabet.length ** 2 },
  (_, number) => `${alphabet[number % alphabet.length]}${alphabet[Math.floor(number / alphabet.length)]}`
)

/** Writes the last four digits of a number in base 58, lowest first. Its operands are 32-bit integers, on which a remainder is fast. */
const fourLetters = (bits: number): string => {
  const number = bits | 0
  const upper = (number / letterPairs.length) | 0
  return `${letterPairs[number % letterPairs.length]}${letterPairs[upper % letterPairs.length]}`
}

/** Makes the random values of the `attempt`-th arrival (from 1) of a request whose body has the hash `bodyHash`. */
export const make = (seed: number, bodyHash: number, attempt: number): SeededRandom => {
  const root = hash(`${bodyHash}:${attempt}`, seed)
  const uniform = (name: string): number => hash(name, root) / 2 ** 53
  return {
    uniform,
    normal: (name) =>
      // Box-Muller; the argument of the logarithm is in (0, 1].
      Math.sqrt(-2 * Math.log(1 - uniform(`${name}:radius`))) * Math.cos(2 * Math.PI * uniform(`${name}:angle`)),
    letters: (name, length) => {
      let text = ""
      for (let block = 0; text.length < length; block++) {
        const bits = hash(`${name}:${block}`, root)
        const upper = Math.floor(bits / alphabet.length ** 4)
        text += fourLetters(bits - upper * alphabet.length ** 4) + fourLetters(upper)
      }
      return text.slice(0, length)
    },
    hexadecimal: (name, length) => {
      let text = ""
      for (let block = 0; text.length < length; block++) {
        const bits = hash(`${name}:${block}`, root) | 0
        for (let shift = 0; shift < 32; shift += 8) text += byteDigits[(bits >>> shift) & 255]
      }
      return text.slice(0, length)
    }
  }
}

/**
 * Bytes as text of a page: 5 characters for 4 bytes, where base64 takes 5.33. No character has a meaning in HTML. Pure, as the
 * page's script decodes with the same table.
 */

const alphabet = Array.from({ length: 94 }, (_, n) => String.fromCharCode(33 + n))
  .filter((character) => !`"'\`&<>\\-/`.includes(character))
  .join("")

const radix = 85

/** Four bytes of 0 at most are added; `decode` is told how many bytes there were. */
export const encode = (bytes: Uint8Array): string => {
  const codes = Uint8Array.from(alphabet, (character) => character.charCodeAt(0))
  const text = new Uint8Array(Math.ceil(bytes.length / 4) * 5)
  let at = 0
  for (let n = 0; n < bytes.length; n += 4) {
    const word =
      (bytes[n]! * 16_777_216 + ((bytes[n + 1] ?? 0) << 16) + ((bytes[n + 2] ?? 0) << 8) + (bytes[n + 3] ?? 0)) >>> 0
    // Two digits and three: small integers are divided several times faster than a word of 32 bits.
    const high = (word / 614_125) | 0
    const low = (word - high * 614_125) | 0
    const rest = low % 7225
    text[at] = codes[(high / radix) | 0]!
    text[at + 1] = codes[high % radix]!
    text[at + 2] = codes[(low / 7225) | 0]!
    text[at + 3] = codes[(rest / radix) | 0]!
    text[at + 4] = codes[rest % radix]!
    at += 5
  }
  return new TextDecoder("latin1").decode(text)
}

export const decode = (text: string, length: number): Uint8Array<ArrayBuffer> => {
  const digits = new Uint8Array(128)
  for (let n = 0; n < radix; n++) digits[alphabet.charCodeAt(n)] = n
  const bytes = new Uint8Array(Math.ceil(text.length / 5) * 4)
  let at = 0
  for (let n = 0; n + 4 < text.length; n += 5) {
    let word = 0
    for (let digit = 0; digit < 5; digit++) word = word * radix + digits[text.charCodeAt(n + digit)]!
    bytes[at++] = word >>> 24
    bytes[at++] = (word >>> 16) & 255
    bytes[at++] = (word >>> 8) & 255
    bytes[at++] = word & 255
  }
  return bytes.subarray(0, length)
}

/** What the length of a text says of its tokens. */

/** English text has about four characters to a token. */
export const charactersPerToken = 4

const encoder = new TextEncoder()

/** Length in bytes of UTF-8. A token stands for at least one byte, so a text has at most as many tokens as bytes. */
export const bytesOf = (text: string): number => encoder.encode(text).byteLength

/** Recognizes text without anything to read. */

/** A character that is seen: no white space, control character, or character without a width, as U+200B and U+FEFF are. */
const visible = /[^\s\p{Cc}\p{Default_Ignorable_Code_Point}\u2800]/u

/** Whether a character is one of ASCII that is seen. */
const isPlain = (code: number): boolean => code > 0x20 && code < 0x7f

/** Whether a text has nothing to read; looks no further than its first visible character. */
export const isBlank = (text: string): boolean => !isPlain(text.charCodeAt(0)) && !visible.test(text)

/**
 * Makes text of a model, the API or a user safe to show on a page: what is seen is what is there. Without Node and Effect, as the
 * page's script has it too; `TerminalText.ts` is for terminals.
 */

/** Is not seen, or reorders what is: direction controls, zero-width spaces, soft hyphens, fillers and tags; joiners and styles of emoji stay. */
const unseen = /(?!\u200C|\u200D|\uFE0E|\uFE0F)\p{Default_Ignorable_Code_Point}|[\uFFF9-\uFFFB]/gu

/** A joiner is seen where it joins: between emoji, and in scripts whose letters change with it; Latin has none. */
const idleJoiner =
  /(?<!\p{Extended_Pictographic}|\uFE0F|\p{Emoji_Modifier}|\p{L}|\p{M})(?:\u200C|\u200D)|(?<=\p{Script=Latin})(?:\u200C|\u200D)|(?:\u200C|\u200D)(?!\p{Extended_Pictographic}|\p{L})/gu

const controls = /(?![\t\n])\p{Cc}/gu

/** A document: line breaks and tabs stay. */
export const inertDocument = (text: string): string =>
  text.replace(/\r\n?/g, "\n").replace(unseen, "").replace(idleJoiner, "").replace(controls, "").toWellFormed()

/** One line. */
export const inert = (text: string): string => inertDocument(text).replace(/[\t\n\p{Zl}\p{Zp}]+/gu, " ")

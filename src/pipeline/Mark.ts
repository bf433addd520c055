/** The marks of a document, which name the asks that a statement rests on. */

/** Names of asks in brackets, as they are written in a document: `[market]`, `[rules, rivals]`. It is no link and no reference. */
export const mark = /\[([A-Za-z_][\w-]{0,63}(?:\s*,\s*[A-Za-z_][\w-]{0,63})*)\](?![[(:])/g

/** The names in a mark. */
export const namesOf = (names: string): ReadonlyArray<string> => names.split(",").map((name) => name.trim())

/** Checks `ANTHROPIC_CUSTOM_HEADERS`, which the SDK reads: lines `name: value`. It ignores lines without a colon. */

/** A header as RFC 9110, 5, has it: its name is a token, and its value has no control characters and none above U+00FF. */
const header = /^\s*[\w!#$%&'*+.^`|~-]+\s*:[\t\x20-\x7e\x80-\xff]*$/

/** What is wrong with the lines; `undefined` where each of them is a header. No value is shown, as it may be a secret. */
export const problemOf = (lines: string | undefined): string | undefined => {
  const wrong = (lines ?? "").split(/\r?\n/).findIndex((line) => line.trim() !== "" && !header.test(line))
  return wrong === -1
    ? undefined
    : `line ${wrong + 1} of ANTHROPIC_CUSTOM_HEADERS is no header: write each as name: value, on a line of its own`
}

/** Whether the header `x-api-key` is among them. */
export const hasKey = (lines: string | undefined): boolean => /^\s*x-api-key\s*:/im.test(lines ?? "")

/** How long an ask would have taken alone. No Effect: the page's script has it too. */

/** Its attempts and the backoff between them: from its first request to its end, without what it waited for its turn to try again. */
export const aloneMillis = ({
  durationMillis,
  heldMillis = 0
}: {
  readonly durationMillis?: number | null
  readonly heldMillis?: number
}): number => Math.max(0, (durationMillis ?? 0) - heldMillis)

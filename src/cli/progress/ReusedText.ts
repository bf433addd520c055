/** Says of an ask that the journal had its answer. */
import { ageText } from "../../options/DurationText.ts"
import type { AskState } from "../../report/AskState.ts"

export const reusedText = ({ reused }: Readonly<AskState>): string =>
  reused === undefined ? "" : `from the journal, ${ageText(reused.at - reused.paidAt)}`

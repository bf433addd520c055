/** What the mock says when it is asked to compare findings: the contradictions of its scenario that are in the prompt, or none. */
import type { Prompt } from "./Prompt.ts"

/** `statements`: by the name of a finding, a passage of its answer. Said where all of these findings are compared. */
export interface Contradiction {
  readonly subject: string
  readonly statements: Readonly<Record<string, string>>
}

/** The structured answer, with those passages that stand in the answers of the prompt. */
export const reply = (contradictions: ReadonlyArray<Contradiction>, { findings }: Prompt) => ({
  contradictions: contradictions
    .filter(({ statements }) =>
      Object.entries(statements).every(([name, passage]) =>
        findings.some((finding) => finding.name === name && finding.answer.includes(passage))
      )
    )
    .map(({ statements, subject }) => ({
      subject,
      statements: Object.entries(statements).map(([finding, passage]) => ({ finding, passage }))
    }))
})

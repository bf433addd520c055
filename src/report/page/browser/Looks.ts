/** How the bars of a phase look: derived from its name. Pure. */
import type { Phase } from "../../Phases.ts"

/** `class` and `style` of a bar. Its colours are custom properties of the style sheet (`style/theme.css`). */
export interface Look {
  readonly class: string
  readonly style: Readonly<Record<`--${string}`, string>>
}

/** One that failed is striped where nothing of an answer had come; a second copy is a thin line below the bar. */
export const lookOf = (phase: Phase): Look => {
  const [base = phase, isFailed] = [phase.replace(/-failed$/, ""), phase.endsWith("-failed")]
  const isCopy = base === "hedge"
  const isStriped = isFailed && base !== "answer"
  const colour = isFailed && !isCopy ? "failed" : base
  return {
    class: ["bar", phase, isStriped ? "striped" : "", isCopy ? "copy" : ""].filter((word) => word !== "").join(" "),
    style: {
      "--phase": `var(--${colour})`,
      ...(isStriped && { "--under": isCopy ? "transparent" : "var(--backoff)" })
    }
  }
}

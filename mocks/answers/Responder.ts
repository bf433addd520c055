/** Texts for requests without a registered reply: marked as simulated, with the question or excerpts of the findings in them. */
import type { SeededRandom } from "../time/SeededRandom.ts"
import * as WrittenSynthesis from "./WrittenSynthesis.ts"
import type { Prompt } from "./Prompt.ts"

const fillers = [
  "Three points matter here, and none of them stands alone.",
  "The short answer is that it depends on where one starts and how long one can wait.",
  "Figures differ between sources, so treat any single number with care.",
  "Most people who know the field would begin with the ordinary case and treat the exceptions later.",
  "What is true of the whole is not always true of its parts.",
  "The trend of the last years points one way, though it could turn.",
  "A careful reader would check the date of each source before building on it.",
  "Costs come first in most accounts, and time comes close behind."
]

const quoted = (question: string): string => {
  const line = question.replaceAll(/\s+/g, " ").trim()
  return line.length > 160 ? `${line.slice(0, 157).trimEnd()}…` : line
}

const ask = (prompt: Prompt, random: SeededRandom): string => {
  const count = 2 + Math.floor(random.uniform("sentences") * 3)
  const first = Math.floor(random.uniform("first sentence") * fillers.length)
  let text = `Simulated answer to “${quoted(prompt.instruction)}”`
  for (let index = 0; index < count; index++) text += ` ${fillers[(first + index * 3) % fillers.length]}`
  return text
}

const synthesis = (prompt: Prompt): string => {
  const title = quoted(prompt.instruction.split("\n").find((line) => line.trim() !== "") ?? "Synthesis")
  const count = prompt.findings.length
  const simulated = `Simulated synthesis of ${count} ${count === 1 ? "finding" : "findings"}`
  return [
    `# ${title}`,
    // As a statement it would need a mark, and rests on none of the findings.
    prompt.isCited ? `## ${simulated}` : `${simulated}.`,
    ...prompt.findings.map(({ answer, isFolded, name }) => {
      const text = WrittenSynthesis.excerpt(answer, 280)
      return `## ${name}\n\n${prompt.isCited && !isFolded ? WrittenSynthesis.withMarks(text, name) : text}`
    }),
    ...WrittenSynthesis.gapLines(prompt.gaps),
    ...WrittenSynthesis.contradictionLines(prompt)
  ].join("\n\n")
}

/** Writes the prose for a prompt: the question and a few sentences, or a section for each finding and a line for each gap. */
export const text = (prompt: Prompt, random: SeededRandom): string =>
  prompt.foldWords !== undefined
    ? WrittenSynthesis.condense(prompt)
    : prompt.part === "synthesis"
      ? synthesis(prompt)
      : ask(prompt, random)

/** Writes one line for the strings of a structured answer: the question, or an excerpt of each finding and the gaps. */
export const line = (prompt: Prompt): string => {
  if (prompt.part === "ask") return `Simulated answer to “${quoted(prompt.instruction)}”`
  const excerpts = prompt.findings.map((finding) => `${finding.name}: ${WrittenSynthesis.excerpt(finding.answer, 80)}`)
  return ["Simulated", ...excerpts, ...prompt.gaps.map((name) => `${name} has no answer`)].join(" · ")
}

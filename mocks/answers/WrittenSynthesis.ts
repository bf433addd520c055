/** A synthesis written in parts, and joined from the findings that are in the prompt, so that a lost finding is missing in it. */
import type { Finding, Prompt } from "./Prompt.ts"

/**
 * The parts. The section of a finding is used if the finding is in the prompt; `{1}`, `{2}` … are replaced by its sentences. In
 * `opening` and `closing`, `{names}` is replaced by the names of the findings. `settled` stands in the document where it has
 * contradictions to settle.
 */
export interface WrittenSynthesis {
  readonly opening?: string
  readonly sections: Readonly<Record<string, string>>
  readonly settled?: string
  readonly closing?: string
}

/** Splits Markdown prose into sentences, without headings and list marks. */
export const sentences = (text: string): ReadonlyArray<string> =>
  text
    .replaceAll(/^#+ .*$/gm, "")
    .replaceAll(/^[ \t]*(?:[-*]|\d+\.)\s+/gm, "")
    .replaceAll(/\s+/g, " ")
    .split(/(?<=[.!?]["”)]?)\s+(?=[A-Z“"(])/)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== "")

/** Gives the first sentences of an answer, up to about `length` characters; at most twice that. */
export const excerpt = (answer: string, length: number): string => {
  const parts = sentences(answer)
  let text = parts[0] ?? answer.trim()
  for (const part of parts.slice(1)) {
    if (text.length + part.length > length) break
    text += ` ${part}`
  }
  return text.length > 2 * length ? `${text.slice(0, 2 * length).trimEnd()} …` : text
}

const titleOf = (name: string): string =>
  name.charAt(0).toUpperCase() + name.slice(1).replaceAll(/[_-]+|(?<=[a-z])(?=[A-Z])/g, " ")

const section = (finding: Finding, template: string | undefined): string => {
  const parts = sentences(finding.answer)
  const needed = Math.max(0, ...[...(template ?? "").matchAll(/\{(\d)\}/g)].map((match) => Number(match[1])))
  // The template was written for an answer with more sentences: the answer is excerpted instead.
  if (template === undefined || needed > parts.length) {
    const heading = /^## .*$/m.exec(template ?? "")?.[0] ?? `## ${titleOf(finding.name)}`
    return `${heading}\n\n${excerpt(finding.answer, 400)}`
  }
  return template.replaceAll(/\{(\d)\}/g, (_, digit: string) => parts[Number(digit) - 1]!)
}

const listed = (names: ReadonlyArray<string>): string =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`

/** Writes the section that names the gaps; no section if there are none. */
export const gapLines = (gaps: ReadonlyArray<string>): ReadonlyArray<string> =>
  gaps.length === 0 ? [] : [`## Not answered\n\n${gaps.map((name) => `- **${name}** has no answer.`).join("\n")}`]

/** Writes the section that calls contradictions open; no section if there are none. */
export const contradictionLines = ({ contradictions, isCited }: Prompt): ReadonlyArray<string> =>
  contradictions.length === 0
    ? []
    : [
        `## Contradictions\n\n${contradictions
          .map((line) => {
            const names = Array.from(line.matchAll(/(?:: | \| )([A-Za-z_][\w-]*) says: /g), ([, name]) => name)
            const text = `Open: ${line.replaceAll(/[.!?](?=\s|$)/g, "")}`
            return `- ${text}${isCited ? ` [${names.join(", ")}]` : ""}.`
          })
          .join("\n")}`
      ]

/**
 * The text of a fold that is not the document: of each finding as many sentences as its share of the words allows, those with a number
 * first, each with the name of its finding as a mark. Sentences of a lower fold keep the marks that they have.
 */
export const condense = ({ findings, foldWords = 200 }: Prompt): string => {
  const share = Math.max(1, Math.floor(foldWords / Math.max(1, findings.length)))
  return findings
    .map(({ answer, isFolded, name }) => {
      const all = sentences(answer)
      const kept = new Set<string>()
      let left = share
      for (const sentence of [...all.filter((text) => /\d/.test(text.replaceAll(/\[[\w, -]+\]/g, ""))), ...all]) {
        const words = sentence.split(" ").length
        if (kept.has(sentence) || (kept.size > 0 && words > left)) continue
        kept.add(sentence)
        left -= words
      }
      const ordered = all.filter((sentence) => kept.has(sentence))
      return ordered.map((sentence) => (isFolded ? sentence : withMark(sentence, name))).join(" ")
    })
    .join("\n\n")
}

/** A mark stands before the full stop. */
export const withMark = (sentence: string, name: string): string => {
  const end = /[.!?]["”)]?$/.exec(sentence)?.[0] ?? ""
  return `${sentence.slice(0, sentence.length - end.length)} [${name}]${end || "."}`
}

/** Marks every sentence that has no mark, but for headings and what stands in bold before a sentence. */
export const withMarks = (text: string, name: string): string =>
  text
    .split("\n")
    .map((line) =>
      line.trim() === "" || line.startsWith("#")
        ? line
        : line
            .split(/(?<=[.!?]["”)]?(?:\*\*)?)\s+(?=[*A-Z“"(])/)
            .map((part) => (/\[[\w, -]+\]|^\*\*[^*]+\*\*$/.test(part) ? part : withMark(part, name)))
            .join(" ")
    )
    .join("\n")

/** A written text with the marks of those findings that are there, or without any where none are wanted. */
const marked = (text: string, { findings, isCited }: Prompt): string =>
  text.replaceAll(/ \[([\w, -]+)\]/g, (_, names: string) => {
    const known = names.split(", ").filter((name) => findings.some((finding) => finding.name === name))
    return isCited && known.length > 0 ? ` [${known.join(", ")}]` : ""
  })

/** Joins the opening, a section for each finding of the prompt, a line for each gap, and the closing. */
export const write = (written: WrittenSynthesis, prompt: Prompt): string => {
  const names = listed(prompt.findings.map((finding) => finding.name))
  return [
    ...(written.opening === undefined ? [] : [marked(written.opening, prompt).replaceAll("{names}", names)]),
    ...prompt.findings.map((finding) => {
      const text = section(finding, written.sections[finding.name])
      return prompt.isCited && !finding.isFolded ? withMarks(text, finding.name) : text
    }),
    ...gapLines(prompt.gaps),
    ...(prompt.contradictions.length === 0
      ? []
      : written.settled === undefined
        ? contradictionLines(prompt)
        : [marked(written.settled, prompt)]),
    ...(written.closing === undefined ? [] : [marked(written.closing, prompt).replaceAll("{names}", names)])
  ].join("\n\n")
}

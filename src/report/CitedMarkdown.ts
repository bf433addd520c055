/** A cited document as Markdown: marks are links, numbered like footnotes, to the answers in an appendix; and read back from that. */
import { mark, namesOf } from "../pipeline/Mark.ts"
import { inertDocument } from "./TerminalText.ts"

/** Code is left as it is. */
const codeSpan = /(```[\s\S]*?(?:```|$)|`[^`\n]*`)/

const heading = "## Answers"

/** The document with links in the place of its marks, and the appendix of the answers that they lead to. */
export const toMarkdown = (
  document: string,
  answers: Readonly<Record<string, string>>,
  questions: Readonly<Record<string, string>>
): ReadonlyArray<string> => {
  const numbers = new Map<string, number>()
  const linkOf = (name: string): string => {
    const number = numbers.get(name) ?? numbers.size + 1
    numbers.set(name, number)
    return `[\\[${number}\\]](#answer-${name})`
  }
  const linked = document
    .split(codeSpan)
    .map((part, index) =>
      index % 2 === 1
        ? part
        : part.replaceAll(mark, (whole, names: string) => {
            const all = namesOf(names)
            return all.every((name) => Object.hasOwn(answers, name)) ? all.map(linkOf).join("") : whole
          })
    )
    .join("")
  for (const name of Object.keys(answers)) linkOf(name)
  const listed = [...numbers].map(([name, number]) => {
    const question = (questions[name] ?? "").trim().replace(/\s+/g, " ")
    return `### <a id="answer-${name}"></a>${number}. ${name}\n\n*${question}*\n\n${quoted(answers[name] ?? "")}`
  })
  return [linked, heading, ...listed]
}

const quoted = (text: string): string =>
  standing(text)
    .split("\n")
    .map((line) => (line === "" ? ">" : `> ${line}`))
    .join("\n")

/** The text of an answer as it stands in a document: without what could change a terminal, and without blank ends. */
export const standing = (text: string): string => withLineFeeds(inertDocument(text)).trim()

/** With the line ends that documents are written with: git and mail may turn them into those of Windows. */
export const withLineFeeds = (text: string): string => text.replaceAll("\r\n", "\n")

/** The document with its marks, and the texts of the answers by name, of a file that was written so. */
export const read = (file: string): { readonly document: string; readonly answers: ReadonlyMap<string, string> } => {
  const text = withLineFeeds(file)
  const at = text.lastIndexOf(`\n${heading}\n`)
  const [body, appendix] = at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at)]
  const answers = new Map<string, string>()
  for (const [, name = "", block = ""] of appendix.matchAll(answerBlock)) {
    const lines = block.split("\n").filter((line) => line.startsWith(">"))
    answers.set(name, lines.map((line) => line.replace(/^> ?/, "")).join("\n"))
  }
  const document = body.replaceAll(
    links,
    (whole) => `[${Array.from(whole.matchAll(link), ([, name]) => name).join(", ")}]`
  )
  return { document, answers }
}

const answerBlock = /^### <a id="answer-([\w-]+)"><\/a>[^\n]*\n([\s\S]*?)(?=^#{2,3} |$(?![\s\S]))/gm
const link = /\[\\\[\d+\\\]\]\(#answer-([\w-]+)\)/g
const links = /(?:\[\\\[\d+\\\]\]\(#answer-[\w-]+\))+/g

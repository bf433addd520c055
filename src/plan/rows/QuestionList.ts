/** Questions in Markdown or plain text: the items of its lists, the texts under its headings, or its lines. */

/** A question, the name that it may have, and its line from 1. */
export interface Listed {
  readonly id?: string
  readonly question: string
  readonly line: number
}

/** The marker of an item: `-`, `*`, `+`, `1.`, `1)`, `(1)`, `a)`, and a box of a task. */
const item = /^([ \t]*)(?:[-*+•]|\(?(?:\d{1,4}|[A-Za-z])[.)])[ \t]+(?:\[[ xX]\][ \t]+)?(\S.*)$/

const heading = /^#{1,6}[ \t]+(.+?)[ \t#]*$/

/** `market: How large is it?`, also with the name in bold or as code. */
const named = /^(?:\*\*|__|`)?([A-Za-z_][A-Za-z0-9_-]{0,63})(?:\*\*|__|`)?:(?:\*\*|__)?[ \t]+(\S[^]*)$/

interface Line {
  readonly text: string
  readonly line: number
}

/** The lines without a front matter, fences of code, comments of HTML and rules. */
const linesOf = (text: string): ReadonlyArray<Line> => {
  const lines = text.split(/\r\n|\n|\r/).map((text, index) => ({ text, line: index + 1 }))
  const end = lines[0]?.text === "---" ? lines.findIndex(({ text }, index) => index > 0 && text === "---") : -1
  return lines.slice(end + 1).filter(({ text }) => !/^\s*(?:<!--.*-->|(?:[-*_][ \t]*){3,}|```.*|~~~.*)\s*$/.test(text))
}

/** What a file asks; `left` are the lines of questions that stand beside its lists, and are not asked. */
export interface Read {
  readonly questions: ReadonlyArray<Listed>
  readonly left: ReadonlyArray<number>
}

/** The items of lists; what is indented below an item belongs to it. */
const itemsOf = (lines: ReadonlyArray<Line>): Read => {
  const items: Array<{ question: string; readonly line: number; readonly indent: number }> = []
  const left: Array<number> = []
  let open: (typeof items)[number] | undefined
  for (const { line, text } of lines) {
    const [, blanks = "", question = ""] = item.exec(text) ?? []
    const indent = blanks.length
    if (question !== "" && (open === undefined || indent <= open.indent + 1)) {
      open = { question, line, indent }
      items.push(open)
    } else if (open !== undefined && /^[ \t]+\S/.test(text)) open.question += `\n${text.trim()}`
    else if (text.trim() !== "") {
      open = undefined
      if (text.trimEnd().endsWith("?") && !heading.test(text)) left.push(line)
    }
  }
  return { questions: items, left }
}

/** The texts under headings; a heading alone is none. */
const sectionsOf = (lines: ReadonlyArray<Line>): ReadonlyArray<Listed> => {
  const sections: Array<{ readonly id: string; question: string; readonly line: number }> = []
  for (const { line, text } of lines) {
    const title = heading.exec(text)?.[1]
    const last = sections.at(-1)
    if (title !== undefined) sections.push({ id: title, question: "", line })
    else if (last !== undefined) last.question += `${text}\n`
  }
  return sections.flatMap(({ id, line, question }) =>
    question.trim() === "" ? [] : [{ id, line, question: question.trim() }]
  )
}

/** Takes the names where every question has one. */
const withIds = (listed: ReadonlyArray<Listed>): ReadonlyArray<Listed> => {
  const found = listed.map(({ line, question }) => {
    const [, id, rest] = named.exec(question) ?? []
    return id === undefined || rest === undefined ? undefined : { id, question: rest, line }
  })
  return found.every((each) => each !== undefined) ? found : listed
}

/** The questions of a text: the items of lists, else in Markdown the texts under headings, else its lines without comments. */
export const read = (text: string, isMarkdown: boolean): Read => {
  const lines = linesOf(text.replace(/^\uFEFF/, ""))
  const { left, questions } = itemsOf(lines)
  if (questions.length > 0) return { questions: withIds(questions), left }
  const sections = isMarkdown ? sectionsOf(lines) : []
  if (sections.length > 0) return { questions: sections, left: [] }
  const asked = lines.flatMap(({ line, text }) => {
    const question = text.trim()
    return question === "" || question.startsWith("#") ? [] : [{ question, line }]
  })
  return { questions: withIds(asked), left: [] }
}

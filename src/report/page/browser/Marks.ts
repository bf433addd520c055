/** Makes the marks of a document buttons that open the answers they name. */
import { mark, namesOf } from "../../../pipeline/Mark.ts"

/** The index of each ask by its name, and what opens it. */
export interface Marks {
  readonly indexes: ReadonlyMap<string, number>
  readonly onOpen: (index: number) => void
}

/** Within the text of these a mark is text. */
const literal = "a, code, pre"

/** Changes nodes that are sanitized already. A mark with a name that no ask has stays as it is. */
export const link = (nodes: Node, { indexes, onOpen }: Marks): void => {
  const texts: Array<Text> = []
  const walker = document.createTreeWalker(nodes, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) texts.push(walker.currentNode as Text)
  for (const text of texts) {
    if (text.parentElement?.closest(literal) != null) continue
    const parts = partsOf(text.data, indexes)
    if (parts.length === 1) continue
    const linked = parts.map(({ after, before, name }) => {
      const index = indexes.get(name)
      return index === undefined
        ? before
        : together(
            before,
            buttonOf(name, () => onOpen(index)),
            after
          )
    })
    text.replaceWith(...linked)
  }
}

/** A name, empty in the text between them, with the bracket or comma beside it. */
interface Part {
  readonly before: string
  readonly name: string
  readonly after: string
}

/** The text between names, and each name of a mark. */
const partsOf = (text: string, indexes: Marks["indexes"]): ReadonlyArray<Part> => {
  const parts: Array<Part> = []
  let from = 0
  for (const { 0: whole, 1: names = "", index } of text.matchAll(mark)) {
    if (!namesOf(names).every((name) => indexes.has(name))) continue
    for (const { 0: glued, 1: before = "", 2: name = "", 3: after = "", index: within } of whole.matchAll(inMark)) {
      parts.push(between(text.slice(from, index + within)), { before, name, after })
      from = index + within + glued.length
    }
  }
  parts.push(between(text.slice(from)))
  return parts
}

const inMark = /([[,]?)([\w-]+)([\],]?)/g

const between = (before: string): Part => ({ before, name: "", after: "" })

/** A line may break on both sides of a button, and would leave a bracket alone at its end. */
const together = (...nodes: ReadonlyArray<Node | string>): HTMLSpanElement => {
  const span = document.createElement("span")
  span.className = "together"
  span.append(...nodes)
  return span
}

const buttonOf = (text: string, onClick: () => void): HTMLButtonElement => {
  const button = document.createElement("button")
  button.type = "button"
  button.className = "link"
  button.textContent = text
  button.addEventListener("click", onClick)
  return button
}

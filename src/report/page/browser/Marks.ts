/** Makes the marks of a document buttons that open the answers they name. */
import { mark } from "../../../pipeline/Mark.ts"

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
    const linked = parts.map((part) => {
      const index = indexes.get(part.name ?? "")
      return index === undefined ? part.text : buttonOf(part.text, () => onOpen(index))
    })
    text.replaceWith(...linked)
  }
}

interface Part {
  readonly text: string
  readonly name?: string
}

/** The text between names, and each name of a mark. */
const partsOf = (text: string, indexes: Marks["indexes"]): ReadonlyArray<Part> => {
  const parts: Array<Part> = []
  let from = 0
  for (const { 0: whole, 1: names = "", index } of text.matchAll(mark)) {
    const found = Array.from(names.matchAll(/[\w-]+/g))
    if (!found.every(([name]) => indexes.has(name))) continue
    for (const { 0: name, index: within } of found) {
      const at = index + whole.indexOf(names) + within
      parts.push({ text: text.slice(from, at) }, { text: name, name })
      from = at + name.length
    }
  }
  parts.push({ text: text.slice(from) })
  return parts
}

const buttonOf = (text: string, onClick: () => void): HTMLButtonElement => {
  const button = document.createElement("button")
  button.type = "button"
  button.className = "link"
  button.textContent = text
  button.addEventListener("click", onClick)
  return button
}

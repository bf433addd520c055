/** Where the page has its data from: embedded in it, or from a server that is told apart by having none embedded. */
import type { Wanted } from "../../../claude/Intervention.ts"
import type { Answer, View } from "../../View.ts"
import * as Base85 from "../Base85.ts"

export interface Source {
  readonly view: () => Promise<View>
  /** Of the ask with this index; null where it has none. */
  readonly answer: (index: number) => Promise<Answer | null>
  /** Calls back when the view has changed. */
  readonly onChange?: (changed: () => void) => void
  /** Changes the run while it goes on; gives in words what was changed, or why nothing was. */
  readonly intervene?: (wanted: Wanted) => Promise<string>
}

const unpack = async (element: HTMLElement): Promise<unknown> => {
  const bytes = Base85.decode(element.textContent ?? "", Number(element.dataset["bytes"]))
  const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"))
  return new Response(inflated).json()
}

/** What `Html.ts` has put into the page. */
export const embedded = (): Source | undefined => {
  const view = document.querySelector<HTMLElement>("#view")
  if (view === null) return undefined
  const blocks = [...document.querySelectorAll<HTMLElement>("script.answers")].map((element) => ({
    element,
    first: Number(element.dataset["first"])
  }))
  /** Those that were opened last: each has as many answers as fit into half a megabyte. */
  const opened = new Map<HTMLElement, Promise<ReadonlyArray<Answer | null>>>()
  return {
    view: () => unpack(view) as Promise<View>,
    answer: async (index) => {
      const block = blocks.findLast(({ first }) => first <= index)
      if (block === undefined) return null
      const answers = opened.get(block.element) ?? (unpack(block.element) as Promise<ReadonlyArray<Answer | null>>)
      opened.delete(block.element)
      opened.set(block.element, answers)
      if (opened.size > maxOpened) opened.delete(opened.keys().next().value!)
      return (await answers)[index - block.first] ?? null
    }
  }
}

const maxOpened = 8

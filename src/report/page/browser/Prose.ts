/** Shows text of a model: Markdown without any HTML of its own, sanitized; structured values as JSON. */
import DOMPurify from "dompurify"
import MarkdownIt from "markdown-it"
import { h } from "preact"
import { useLayoutEffect, useRef } from "preact/hooks"
import { inertDocument } from "../../PlainText.ts"
import { link, type Marks } from "./Marks.ts"

const markdown = new MarkdownIt({ html: false, linkify: false, breaks: false })
// An image would be loaded: its text and address are shown as a link.
markdown.disable("image")
markdown.validateLink = (url) => isWeb(url)

const isWeb = (url: string): boolean => /^https?:\/\//i.test(url.trim())

/** A longer text is shown as it is: laid out as a document it would keep the browser busy for seconds. */
const maxMarkdown = 400_000

/** The reader of Markdown leaves out what is nested deeper than a hundred levels. */
const isTooDeep = (text: string): boolean => /^[ \t]*(?:>[ \t]*|(?:[*+-]|\d{1,9}[.)])[ \t]+){40}/m.test(text)

const allowed = {
  ALLOWED_TAGS: [
    "p",
    "br",
    "hr",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "strong",
    "em",
    "s",
    "code",
    "pre",
    "blockquote",
    "ul",
    "ol",
    "li",
    "a",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td"
  ],
  ALLOWED_ATTR: ["href", "start"],
  ALLOWED_URI_REGEXP: /^https?:\/\//i,
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  RETURN_DOM_FRAGMENT: true
} as const

/** The text as nodes; as one that is not laid out where it is too long, or cannot be read. */
export const proseOf = (text: string): Node => {
  const inert = inertDocument(text)
  if (inert.length > maxMarkdown || isTooDeep(inert)) return plainOf(inert)
  try {
    const fragment = DOMPurify.sanitize(markdown.render(inert), {
      ...allowed,
      ALLOWED_TAGS: [...allowed.ALLOWED_TAGS],
      ALLOWED_ATTR: [...allowed.ALLOWED_ATTR]
    })
    for (const link of fragment.querySelectorAll("a")) {
      link.rel = "noopener noreferrer"
      link.target = "_blank"
    }
    for (const heading of fragment.querySelectorAll("h1, h2, h3, h4, h5, h6")) lower(heading)
    for (const table of fragment.querySelectorAll("table, pre")) scrollable(table)
    return fragment
  } catch {
    return plainOf(inert)
  }
}

/** The headings of the page are above those of a text. */
const lower = (heading: Element): void => {
  const level = Math.min(6, Number(heading.tagName.slice(1)) + 2)
  const lowered = document.createElement(`h${level}`)
  lowered.append(...heading.childNodes)
  heading.replaceWith(lowered)
}

/** By keyboard, too. */
const scrollable = (element: Element): void => {
  const frame = document.createElement("div")
  frame.className = "wide"
  frame.tabIndex = 0
  frame.setAttribute("role", "group")
  frame.setAttribute("aria-label", element.tagName === "TABLE" ? "Table" : "Preformatted text")
  element.replaceWith(frame)
  frame.append(element)
}

const plainOf = (text: string): Node => {
  const plain = document.createElement("pre")
  plain.className = "plain"
  plain.textContent = text
  return plain
}

/** A value of any kind: prose, whose `marks` open answers where they are given, or JSON. */
export const Prose = ({ marks, value }: { readonly value: unknown; readonly marks?: Marks }) => {
  const place = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    const nodes =
      typeof value === "string" ? proseOf(value) : plainOf(inertDocument(JSON.stringify(value, undefined, 2) ?? ""))
    if (marks !== undefined) link(nodes, marks)
    place.current?.replaceChildren(nodes)
  }, [value])
  return h("div", { ref: place, class: "prose", dir: "auto" })
}

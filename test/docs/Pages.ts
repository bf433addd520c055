/** The pages that a reader meets, read as text: their code blocks, generated parts, headings and links. */
import { globSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../cli/Process.ts"

/** Every page by its path from the root. */
export const pages: ReadonlyArray<string> = ["README.md", "CONTRIBUTING.md", ...globSync("docs/*.md", { cwd: root })]

export const textOf = (page: string): string => readFileSync(join(root, page), "utf8")

/** Set by `UPDATE_DOCS=1 npm test -- docs`: generated parts are written instead of compared. */
export const isUpdate = process.env["UPDATE_DOCS"] === "1"

/** Writes a page that some part of has changed; the text is read anew, as tests of one page run side by side. */
export const replaceIn = (page: string, before: string, after: string): void =>
  writeFileSync(
    join(root, page),
    textOf(page).replace(before, () => after)
  )

/** A fenced block: its language, the word after that (`yaml wrong`), and its text with a line end. */
export interface Block {
  readonly language: string
  readonly kind: string
  readonly text: string
  readonly fenced: string
}

/** Files that a page shows in full are tested where they are. */
export const blocksOf = (page: string): ReadonlyArray<Block> =>
  [
    ...textOf(page)
      .replaceAll(/^<!-- file:[^]*?^<!-- \/file -->$/gm, "")
      .matchAll(/^```(\w*) ?(\w*)\n([^]*?)^```$/gm)
  ].map(([fenced, language = "", kind = "", text = ""]): Block => ({ language, kind, text, fenced }))

/** The text without its code, in which `#` and brackets mean something else. */
const proseOf = (page: string): string => textOf(page).replaceAll(/^```[^]*?^```$/gm, "")

/** A generated part, from `<!-- KIND:NAME -->` to `<!-- /KIND -->`. */
export interface Generated {
  readonly name: string
  readonly content: string
  readonly marked: string
}

export type Kind = "keys" | "file"

export const generatedIn = (page: string, kind: Kind): ReadonlyArray<Generated> =>
  [...textOf(page).matchAll(new RegExp(`^<!-- ${kind}:(\\S+) -->\\n([^]*?)^<!-- /${kind} -->$`, "gm"))].map(
    ([marked, name = "", content = ""]) => ({ name, content, marked })
  )

/** How many parts begin, so that one without an end shows. */
export const countOf = (page: string, kind: Kind): number =>
  textOf(page).match(new RegExp(`^<!-- ${kind}:`, "gm"))?.length ?? 0

/** A heading's anchor, as GitHub makes it: lower case, without punctuation, a dash for each space. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(/\s/g, "-")

export const anchorsOf = (page: string): ReadonlySet<string> =>
  new Set([...proseOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => anchorOf(heading.trim())))

/** Targets of links and images. */
export const linksOf = (page: string): ReadonlyArray<string> =>
  [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target)

/** Folders whose files are named in the pages by their path from the root. */
const named = /`((?:src|mocks|bench|test|docs|examples|\.ci)\/[\w./-]*)`/g

/** Paths in the prose; `NAME` stands for a name of the reader's. */
export const pathsOf = (page: string): ReadonlyArray<string> =>
  [...proseOf(page).matchAll(named)].map(([, path = ""]) => path).filter((path) => !path.includes("NAME"))

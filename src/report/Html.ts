/** Writes the page of a run: one file that loads nothing, with what it shows packed into it. */
import { Effect } from "effect"
import { textOf as contradictionText } from "../claude/Contradiction.ts"
import { inert, inertDocument } from "./PlainText.ts"
import { fiveAnswers } from "./FiveAnswers.ts"
import { type Block, pack, packAnswers } from "./page/Blocks.ts"
import type { PageCode } from "./page/PageCode.ts"
import type { Answer, View } from "./View.ts"

/** Found beside the command line, or bundled from its sources. */
const code: Effect.Effect<PageCode> = Effect.flatMap(
  Effect.promise(() => import("./page/Bundle.ts")),
  ({ bundle }) => Effect.promise(bundle)
)

/** `answers`: in the order of the asks; null where there is none. */
export const toHtml = (view: View, answers: ReadonlyArray<Answer | null>): Effect.Effect<string> =>
  Effect.gen(function* () {
    const packed = Promise.all([pack(view), packAnswers(answers)])
    const page = yield* code
    const [index, blocks] = yield* Effect.promise(() => packed)
    const elements = [
      dataElement(`id="view"`, index),
      ...blocks.map((block) => dataElement(`class="answers" data-first="${block.first}"`, block))
    ]
    return pageOf(page, titleOf(view), [plainOf(view), ...elements].join("\n"))
  })

/** The page of a run that goes on, which asks its server for what it shows. */
export const servedPage: Effect.Effect<string> = Effect.map(code, (code) => pageOf(code, "fanfold", "", "'self'"))

/** The page without data, for a server that gives them as they come. `data`: what stands in its body before the script. */
export const pageOf = ({ script, style }: PageCode, title: string, data: string, connect = "'none'"): string =>
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policyOf(script, style, connect)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
${data}
<script>${script}</script>
</body>
</html>
`

/** Nothing is loaded, and of scripts and styles only these run; text becomes HTML only through DOMPurify. */
const policyOf = (script: string, style: string, connect: string): string =>
  [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    `connect-src ${connect}`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types dompurify"
  ].join("; ")

const hashOf = (text: string): string =>
  `sha256-${process.getBuiltinModule("node:crypto").hash("sha256", text, "base64")}`

const titleOf = ({ plan, run }: View): string =>
  `${inert(plan.split(/[\\/]/).at(-1) ?? "")} · fanfold run ${inert(run)}`

/** What is seen where no script runs, as in the preview of a mail. */
const plainOf = (view: View): string => {
  const lines = fiveAnswers(view).map(({ answer, command, question }) => {
    const typed = command === undefined ? "" : ` <code>${escaped(inert(command))}</code>`
    return `<dt>${escaped(question)}</dt><dd>${escaped(inert(answer))}${typed}</dd>`
  })
  const text = typeof view.document === "string" ? view.document : JSON.stringify(view.document ?? "", undefined, 2)
  const document = view.document === null ? "" : `<pre>${escaped(inertDocument(text))}</pre>`
  const contradictions = (view.contradictions ?? []).map(
    (each) => `<li>${escaped(inert(contradictionText(each)))}</li>`
  )
  const disagreement =
    contradictions.length === 0 ? "" : `<h2>Where answers contradict each other</h2><ul>${contradictions.join("")}</ul>`
  return `<main id="page"><h1>${escaped(titleOf(view))}</h1><dl>${lines.join("")}</dl>${document}${disagreement}
<p>The timeline and the answers need JavaScript.</p></main>`
}

const dataElement = (attributes: string, { bytes, text }: Block): string =>
  `<script type="text/plain" ${attributes} data-bytes="${bytes}">${text}</script>`

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

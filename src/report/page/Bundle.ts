/**
 * The page's script and style, bundled from their sources when a page is made. A build puts a module with the two texts in the
 * place of this one (`rolldown.config.ts`).
 */
import { fileURLToPath } from "node:url"
import type { PageCode } from "./PageCode.ts"

const fileOf = (name: string): string => fileURLToPath(new URL(`browser/${name}`, import.meta.url))

const files = () => process.getBuiltinModule("node:fs")

/** Whose code is in the page, as each of their licences asks for. */
const noticeOf = (modules: ReadonlyArray<string>): string => {
  const folders = new Set(modules.flatMap((id) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? []))
  const lines = [...folders].toSorted().map((folder) => {
    const { license, name, version } = JSON.parse(files().readFileSync(`${folder}/package.json`, "utf8"))
    const file = files()
      .readdirSync(folder)
      .find((name) => /^licen[cs]e/i.test(name))
    const text = file === undefined ? "" : files().readFileSync(`${folder}/${file}`, "utf8")
    return `${name} ${version} (${license}) ${/^.*copyright .*\d{4}.*$/im.exec(text)?.[0].trim() ?? ""}`.trim()
  })
  return `/*! With ${lines.join("; ")} */`
}

/** One file a concept, each with what it is on a phone and on paper. */
const styles = ["theme", "text", "timeline", "details"]

/** With the paths of the modules that are in it. Needs `rolldown`, which a clone of the repository has. */
export const build = (): Promise<PageCode & { readonly modules: ReadonlyArray<string> }> =>
  import("rolldown")
    .then(({ rolldown }) => rolldown({ input: fileOf("main.ts"), platform: "browser", logLevel: "silent" }))
    .then((bundled) => bundled.generate({ format: "iife", minify: true, comments: false }))
    .then(({ output: [{ code, moduleIds }] }) => ({
      // The end of its element, and the beginning of a comment, are all that a script cannot have in it.
      script: `${noticeOf(moduleIds)}\n${code}`.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--"),
      style: styles.map((name) => files().readFileSync(fileOf(`style/${name}.css`), "utf8")).join(""),
      modules: moduleIds
    }))

let bundled: Promise<PageCode> | undefined

/** Bundled once by a process. */
export const bundle = (): Promise<PageCode> => (bundled ??= build())

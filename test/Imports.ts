/** Reads the imports of a file from its text, for `architecture.test.ts`. */

export interface Import {
  readonly from: string
  readonly isDynamic: boolean
  /** Of types alone: it is gone when the code runs. */
  readonly isType: boolean
}

/** The code without its comments; strings are kept, so that the `//` in `"https://…"` is no comment. */
export const codeOf = (text: string): string =>
  text.replace(
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\[^]|[^`\\])*`)|\/\/[^\n]*|\/\*[^]*?\*\//g,
    (_, quoted: string | undefined) => quoted ?? " "
  )

const statement = /^\s*(?:import|export)\s+(type\s)?(?:[\w\s*{},$]+?\sfrom\s*)?["']([^"']+)["']/gm
const call = /\bimport\s*\(\s*(?:(["'`])([^"'`$]+)\1|([^)]*))/g

/** All imports of a file: static and dynamic ones, of types, and of a computed name. */
export const importsOf = (text: string): ReadonlyArray<Import> => {
  const code = codeOf(text)
  const fixed = [...code.matchAll(statement)].map(([, type, from]) => ({
    from: from!,
    isDynamic: false,
    isType: type !== undefined
  }))
  const late = [...code.matchAll(call)].map(([, , from, computed]) => ({
    from: from ?? `a computed name: ${computed}`,
    isDynamic: true,
    isType: false
  }))
  return [...fixed, ...late]
}

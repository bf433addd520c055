/** Parses TOML, with the position of every key. */
import { Effect, Result } from "effect"
import { type AST, getStaticTOMLValue, ParseError, parseTOML, traverseNodes } from "toml-eslint-parser"
import { escapedPath } from "./EscapedPath.ts"
import { beginning, type Position, type Problem, type Source, SyntaxProblem } from "./Source.ts"

const escapeAdvice = "in double quotes write a backslash as \\\\, or use single quotes"

/** Parses one document. Fails with the position of the first syntax error. */
export const parse = (text: string): Effect.Effect<Source, SyntaxProblem> =>
  Effect.suspend(() => {
    const parsed = Result.try({ try: () => parseTOML(text), catch: problemOf })
    if (Result.isFailure(parsed)) return Effect.fail(new SyntaxProblem({ problems: [parsed.failure] }))
    const program = parsed.success
    const texts = escapedPaths(program, text)
    const problems = [...lostKeys(program), ...texts.flatMap(({ isCertain, problem }) => (isCertain ? [problem] : []))]
    if (problems.length > 0) return Effect.fail(new SyntaxProblem({ problems }))
    return Effect.succeed({
      value: getStaticTOMLValue(withDatesAsText(program, text)),
      locate: (path) => locate(program, path),
      notices: texts.flatMap(({ isCertain, problem }) => (isCertain ? [] : [problem]))
    })
  })

/** Dates and times become the text that they are written as, as they are in YAML. */
const withDatesAsText = (program: AST.TOMLProgram, text: string): AST.TOMLProgram => {
  traverseNodes(program, {
    enterNode: (node) => {
      if (node.type === "TOMLValue" && "datetime" in node) Object.assign(node, { value: text.slice(...node.range) })
    },
    leaveNode: () => {}
  })
  return program
}

/** Keys named `__proto__`, which the parser's plain objects would not keep. */
const lostKeys = (program: AST.TOMLProgram) => {
  const problems: Array<Problem> = []
  traverseNodes(program, {
    enterNode: (node) => {
      const isLost =
        (node.type === "TOMLBare" && node.name === "__proto__") ||
        (node.type === "TOMLQuoted" && node.value === "__proto__")
      if (isLost) problems.push({ message: "__proto__ cannot be a key here", position: positionOf(node) })
    },
    leaveNode: () => {}
  })
  return problems
}

/** Text in double quotes with a Windows path in it, whose backslashes are escapes. */
const escapedPaths = (program: AST.TOMLProgram, text: string) => {
  const found: Array<{ readonly isCertain: boolean; readonly problem: Problem }> = []
  traverseNodes(program, {
    enterNode: (node) => {
      if (node.type !== "TOMLValue" || node.kind !== "string" || node.style !== "basic") return
      const escaped = escapedPath(text.slice(...node.range))
      if (escaped === undefined) return
      const { isCertain, message } = escaped
      found.push({ isCertain, problem: { message, position: positionOf(node) } })
    },
    leaveNode: () => {}
  })
  return found
}

const positionOf = ({ loc }: AST.TOMLNode): Position => ({ line: loc.start.line, column: loc.start.column + 1 })

const problemOf = (cause: unknown) =>
  cause instanceof ParseError
    ? {
        message: cause.message
          .replace(/^Invalid.*escape.*$/, `$&: ${escapeAdvice}`)
          .replace(/^Unexpected character$/, "$&: text must stand in quotes"),
        position: { line: cause.lineNumber, column: cause.column + 1 }
      }
    : { message: cause instanceof RangeError ? tooLarge : String(cause), position: beginning }

/** The parser passes the characters of a text as arguments: some 120,000 are more than V8 takes. It also recurses into values. */
const tooLarge =
  "TOML is read here up to about 100,000 characters a text, and not nested too deeply: write the plan in YAML, or name the file of a long context: { file = name }"

/** The position of the longest key that is a prefix of the path, or of the first key below the path, else the beginning. */
const locate = (program: AST.TOMLProgram, path: ReadonlyArray<PropertyKey>): Position => {
  let best: { readonly depth: number; readonly node: AST.TOMLNode } | undefined
  const consider = (keys: ReadonlyArray<PropertyKey>, node: AST.TOMLNode): void => {
    const depth = Math.min(keys.length, path.length)
    const leads = keys.every((key, index) => index >= depth || String(key) === String(path[index]))
    if (leads && depth > (best?.depth ?? 0)) best = { depth, node }
  }
  const visit = (node: AST.TOMLKeyValue | AST.TOMLTable, above: ReadonlyArray<PropertyKey>): void => {
    const own = node.type === "TOMLTable" ? node.resolvedKey : getStaticTOMLValue(node.key)
    const keys = [...above, ...own]
    if (node.type === "TOMLTable") {
      consider(keys, node.key)
      for (const entry of node.body) visit(entry, keys)
      return
    }
    consider(keys, node.key)
    if (node.value.type === "TOMLInlineTable") for (const entry of node.value.body) visit(entry, keys)
  }
  for (const entry of program.body[0].body) visit(entry, [])
  return best === undefined ? beginning : positionOf(best.node)
}

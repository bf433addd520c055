/** The variables of a plan: what `vars` and the command line give, and the plan with their values in the place of `{name}`. */
import type { Issue } from "../options/Issue.ts"
import * as Template from "./Template.ts"

/** Values of the command line, which are taken as they are; by flag those of `--var`, each of which must be used. */
export interface Given {
  readonly flags: Template.Values
  readonly file: Template.Values
}

/** A plan with its variables replaced; `values` are for the rows, whose columns come before them. */
export interface Replaced {
  readonly value: unknown
  readonly values: Template.Values
  readonly issues: ReadonlyArray<Issue>
  readonly notices: ReadonlyArray<Issue>
}

type Path = Issue["path"]
type Fields = { readonly [key: string]: unknown }

const toFields = (value: unknown): Fields => (typeof value === "object" && value !== null ? { ...value } : {})

/** Whether a value can stand in a text. */
const isPlain = (value: unknown): value is string | number | boolean =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean"

/** The values of `vars`, in which other variables may stand; those of the command line win over them. */
export const valuesOf = (vars: unknown, { file, flags }: Given) => {
  const issues: Array<Issue> = []
  const own = toFields(vars)
  const given = { ...file, ...flags }
  const known = new Set([...Object.keys(own), ...Object.keys(given)])
  const values: Record<string, string> = { ...given }
  const open: Array<string> = []
  const resolve = (name: string): void => {
    if (Object.hasOwn(values, name) || !Object.hasOwn(own, name)) return
    const path = ["vars", name]
    const value = own[name]
    if (/[{}]/.test(name) || name.trim() !== name || name === "")
      return void issues.push({ path, message: "expected a name without braces and without blanks around it" })
    if (!isPlain(value)) return void issues.push({ path, message: "expected text, a number, true or false" })
    if (open.includes(name)) {
      const circle = [...open.slice(open.indexOf(name)), name].map((each) => `{${each}}`).join(" → ")
      values[name] = ""
      return void issues.push({ path, message: `is used in its own value: ${circle}` })
    }
    const template = Template.parse(String(value))
    issues.push(...Template.problemsOf(template, known).map((message) => ({ path, message })))
    open.push(name)
    for (const each of template.names) resolve(each)
    open.pop()
    values[name] ??= template.textWith(values)
  }
  if (vars !== undefined && (typeof vars !== "object" || vars === null || Array.isArray(vars)))
    issues.push({ path: ["vars"], message: "expected values by name, such as vars: { city: Lisbon }" })
  else for (const name of Object.keys(own)) resolve(name)
  return { values, issues, known }
}

/** The texts of a plan that may have variables, but those of rows, which are filled for each row. */
const isTemplate = (path: Path, isOfRows: boolean): boolean => {
  const [first, second, third] = path
  if (path.length === 1) return first === "system" || first === "context" || first === "synthesis"
  if (first === "synthesis") return path.length === 2 && (second === "instruction" || second === "system")
  if (first !== "asks" || isOfRows) return false
  return path.length === 2 || (path.length === 3 && (third === "question" || third === "system"))
}

/** Replaces the variables of a plan's raw value. */
export const replace = (value: unknown, given: Given, isOfRows: boolean): Replaced => {
  const { vars, ...plan } = toFields(value)
  const { issues, known, values } = valuesOf(vars, given)
  const notices: Array<Issue> = []
  const used = new Set<string>()
  const filled = (text: string, path: Path): string => {
    const template = Template.parse(text)
    for (const name of template.names) used.add(name)
    const problems = Template.problemsOf(template, known)
    issues.push(...problems.map((message) => ({ path, message })))
    const doubled = Template.doubledText(text, known)
    if (doubled !== undefined) notices.push({ path, message: doubled })
    return problems.length === 0 ? template.textWith(values) : text
  }
  const visit = (part: unknown, path: Path): unknown => {
    if (typeof part === "string") return isTemplate(path, isOfRows) ? filled(part, path) : part
    if (typeof part !== "object" || part === null || path.length > 2) return part
    if (Array.isArray(part)) return part.map((item, index) => visit(item, [...path, index]))
    return Object.fromEntries(Object.entries(part).map(([key, item]) => [key, visit(item, [...path, key])]))
  }
  const replaced = visit(plan, [])
  if (isOfRows) for (const name of namesOfRows(toFields(plan["asks"]))) used.add(name)
  // Questions that rows bring are not read yet, and may have any variable.
  const { question } = toFields(plan["asks"])
  if (!isOfRows || question !== undefined) issues.push(...unusedIssues(given, used, toFields(vars)))
  return { value: replaced, values, issues, notices }
}

/** What the texts of rows name: columns, and variables. */
const namesOfRows = ({ name, question, system }: Fields): ReadonlyArray<string> =>
  [name, question, system].flatMap((text) => (typeof text === "string" ? Array.from(Template.parse(text).names) : []))

/** A `--var` that nothing uses is a typing error, or is for another plan. */
const unusedIssues = ({ flags }: Given, used: ReadonlySet<string>, own: Fields): ReadonlyArray<Issue> =>
  Object.keys(flags).flatMap((name) =>
    used.has(name) || Object.hasOwn(own, name)
      ? []
      : [{ path: [`--var ${name}`], message: `nothing in the plan uses it: ${Template.unknownText(name, used)}` }]
  )

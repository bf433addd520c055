/** Checks, before anything is sent, that the tools of asks and of the synthesis are there where Claude is asked. */
import * as Provider from "../claude/Provider.ts"
import { isAt } from "../claude/ServerTools.ts"
import type * as Issue from "../options/Issue.ts"
import type { Options } from "../pipeline/AskOptions.ts"
import type { Pipeline } from "../pipeline/Pipeline.ts"
import { toolsOf } from "../pipeline/Tools.ts"

/** By the name of a tool: the setting that it stands for, and its words. */
const settings: Readonly<Record<string, readonly [path: Issue.Issue["path"], words: string]>> = {
  web_search: [["webSearch"], "web search"],
  web_fetch: [["tools", "webFetch"], "web fetch"],
  code_execution: [["tools", "codeExecution"], "code execution"]
}

/**
 * `defaults` are the settings of asks that set none; what they say wrong is reported once, as theirs. `ofRows`: the asks have one entry
 * of the plan in common.
 */
export const issuesOf = (
  { asks, synthesis }: Pick<Pipeline, "asks" | "synthesis">,
  provider: Provider.Provider | undefined,
  { defaults = {}, ofRows = false }: { readonly defaults?: Options | undefined; readonly ofRows?: boolean } = {}
): ReadonlyArray<Issue.Issue> => {
  const cloud = Provider.cloudOf(provider)
  const found = new Map<string, Issue.Issue>()
  const add = (issue: Issue.Issue) => found.set(JSON.stringify(issue.path), issue)
  const check = (path: Issue.Issue["path"], own: Options, isStructured: boolean, inherited: Options): void => {
    for (const tool of toolsOf({ ...inherited, ...own })) {
      const [setting, words] = settings[String(tool["name"])]!
      const at = [...(String(setting[0]) in own ? path : ["defaults"]), ...setting]
      if (cloud !== undefined && !isAt(cloud, tool)) {
        const message = `${Provider.titles[cloud]} has no ${words}: leave it out, or ask the API itself (provider: anthropic)`
        add({ path: at, message })
      }
      if (isStructured && tool["citations"] !== undefined) {
        const message = "citations and an answer schema exclude each other: leave out one of them"
        add({ path: [...at, "citations"], message })
      }
    }
  }
  for (const [name, { format, options }] of Object.entries(asks)) {
    check(ofRows ? ["asks"] : ["asks", name], options, format._tag === "Object", defaults)
  }
  if (synthesis !== undefined) check(["synthesis"], synthesis.options, synthesis.format._tag === "Object", {})
  return [...found.values()]
}

/** Plays the web_search tool: a query, results, and text whose first sentences cite them. */
import type { Answer, Block } from "./Answer.ts"
import type { Draw } from "./Draw.ts"
import * as Fold from "./Fold.ts"
import type { Prompt } from "./Prompt.ts"

const words = (text: string): ReadonlyArray<string> =>
  (text.toLowerCase().match(/[\p{L}\p{N}]{4,}/gu) ?? []).slice(0, 6)

/** Gives the answer with `text` as its prose: search call, three results on example.org, cited and plain text. */
export const answer = (prompt: Prompt, text: string, draw: Draw): Answer => {
  const terms = words(prompt.instruction)
  const id = `srvtoolu_01${draw.letters("search id", 22)}`
  const results = [1, 2, 3].map((rank) => ({
    type: "web_search_result",
    title: `Simulated source ${rank}: ${terms.slice(0, 3).join(" ")}`,
    url: `https://example.org/${terms.slice(0, 3).join("-")}/${rank}`,
    encrypted_content: draw.letters(`result ${rank}`, 120),
    page_age: rank === 1 ? "2 days ago" : null
  }))
  const sentences = Fold.sentences(text)
  const cited = sentences.slice(0, 2).map(
    (sentence, index): Block => ({
      type: "text",
      text: sentence,
      citations: [
        {
          type: "web_search_result_location",
          cited_text: sentence.slice(0, 150),
          url: results[index]!.url,
          title: results[index]!.title,
          encrypted_index: draw.letters(`citation ${index}`, 48)
        }
      ]
    })
  )
  const found = sentences.slice(0, 2).reduce((end, sentence) => {
    const start = text.indexOf(sentence, end)
    return start < 0 ? end : start + sentence.length
  }, 0)
  const rest = text.slice(found)
  return {
    content: [
      { type: "server_tool_use", id, name: "web_search", input: { query: terms.join(" ") }, caller: { type: "direct" } },
      { type: "web_search_tool_result", tool_use_id: id, content: results, caller: { type: "direct" } },
      ...cited,
      ...(rest.trim() === "" ? [] : [{ type: "text", text: rest }])
    ],
    stopReason: "end_turn",
    serverTools: { web_search_requests: 1, web_fetch_requests: 0 }
  }
}

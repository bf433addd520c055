/** Simulates the `web_search` tool: a query, its results, and text that cites them. */
import type { Answer } from "./Answer.ts"
import type { Block } from "../wire/Completion.ts"
import type { SeededRandom } from "../time/SeededRandom.ts"
import * as WrittenSynthesis from "./WrittenSynthesis.ts"
import type { Prompt } from "./Prompt.ts"

const queryTerms = (text: string): ReadonlyArray<string> =>
  (text.toLowerCase().match(/[\p{L}\p{N}]{4,}/gu) ?? []).slice(0, 6)

/** Gives the offsets at which the first two sentences end. */
const sentenceEnds = (text: string): ReadonlyArray<number> => {
  const ends: Array<number> = []
  for (const sentence of WrittenSynthesis.sentences(text).slice(0, 2)) {
    const start = text.indexOf(sentence, ends.at(-1) ?? 0)
    if (start < 0) break
    ends.push(start + sentence.length)
  }
  return ends
}

/** Makes the answer: the call, three results on example.org, and `text`, whose first two sentences cite them. */
export const answer = (prompt: Prompt, text: string, random: SeededRandom): Answer => {
  const terms = queryTerms(prompt.instruction)
  const id = `srvtoolu_01${random.letters("search id", 22)}`
  const results = [1, 2, 3].map((rank) => ({
    type: "web_search_result",
    title: `Simulated source ${rank}: ${terms.slice(0, 3).join(" ")}`,
    url: `https://example.org/${terms.slice(0, 3).join("-")}/${rank}`,
    encrypted_content: random.letters(`result ${rank}`, 120),
    page_age: rank === 1 ? "2 days ago" : null
  }))
  const ends = sentenceEnds(text)
  const cited = ends.map((end, index): Block => {
    const piece = text.slice(index === 0 ? 0 : ends[index - 1], end)
    return {
      type: "text",
      text: piece,
      citations: [
        {
          type: "web_search_result_location",
          cited_text: piece.trim().slice(0, 150),
          url: results[index]!.url,
          title: results[index]!.title,
          encrypted_index: random.letters(`citation ${index}`, 48)
        }
      ]
    }
  })
  const rest = text.slice(ends.at(-1) ?? 0)
  return {
    content: [
      { type: "server_tool_use", id, name: "web_search", input: { query: terms.join(" ") } },
      { type: "web_search_tool_result", tool_use_id: id, content: results, caller: { type: "direct" } },
      ...cited,
      ...(rest === "" ? [] : [{ type: "text", text: rest }])
    ],
    stopReason: "end_turn"
  }
}

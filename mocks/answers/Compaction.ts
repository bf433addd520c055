/** Simulates compaction: the block that stands for the turns before it. */
import type { Answer } from "./Answer.ts"
import type { Block } from "../wire/Completion.ts"
import type { Prompt } from "./Prompt.ts"
import type { SeededRandom } from "../time/SeededRandom.ts"
import { listOf, objectOf, objectsOf } from "../wire/UncheckedJson.ts"

/** Input tokens from which an edit without a trigger compacts. */
const defaultTrigger = 150_000

const block = (prompt: Prompt, random: SeededRandom): Block => ({
  type: "compaction",
  content: `Simulated summary of ${listOf(prompt.body["messages"]).length} turns. The last one is about “${prompt.instruction.slice(0, 80)}”.`,
  encrypted_content: null,
  signature: random.letters("compaction", 64)
})

/** Replaces the answer by a compaction block, or puts the block before it, as the request says; else returns the answer unchanged. */
export const apply = (answer: Answer, prompt: Prompt, inputTokens: number, random: SeededRandom): Answer => {
  if (objectOf(prompt.body["compaction"]) !== undefined) {
    return { content: [block(prompt, random)], stopReason: "compaction" }
  }
  const edit = objectsOf(objectOf(prompt.body["context_management"])?.["edits"]).find(
    (one) => one["type"] === "compact_20260112"
  )
  if (edit === undefined) return answer
  const trigger = objectOf(edit["trigger"])?.["value"]
  if (inputTokens < (typeof trigger === "number" ? trigger : defaultTrigger)) return answer
  const compacted = block(prompt, random)
  return edit["pause_after_compaction"] === true
    ? { content: [compacted], stopReason: "compaction" }
    : { ...answer, content: [compacted, ...answer.content] }
}

/** What of a document is a statement, and which marks are its own. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Statements from "../../src/pipeline/Statements.ts"

const told = (document: string) =>
  Effect.map(Statements.of(document), (all) => all.map(({ asks, text }) => [text, ...asks].join(" ← ")))

describe("the statements of a document", () => {
  it.effect.each([
    ["a sentence with its mark", "It grows [market].", ["It grows. ← market"]],
    [
      "a mark behind the full stop",
      "It grows. [market] It ends. [rules, rivals]",
      ["It grows. ← market", "It ends. ← rules ← rivals"]
    ],
    ["several marks", "It grows [market], and ends [rules] [market].", ["It grows, and ends. ← market ← rules"]],
    [
      "abbreviations and numbers",
      "Dr. Berg paid 3.5 million [a]. So did St. Gallen [b].",
      ["Dr. Berg paid 3.5 million. ← a", "So did St. Gallen. ← b"]
    ],
    ["no heading and no code", "# It grows [market]\n\n```\nlist[market]\n```\n\nUse `map[key]` [a].", ["Use …. ← a"]],
    [
      "no link and no footnote",
      "See [market](https://a.org), [market][1] and [^1].",
      ["See market, [market][1] and [^1]."]
    ],
    ["bold words in front as a heading", "**Day one: Belém.** See the tower [a].", ["See the tower. ← a"]],
    [
      "list items and quotations",
      "- One is so [a].\n- Two is not [b].\n\n> It is said [c].",
      ["One is so. ← a", "Two is not. ← b", "It is said. ← c"]
    ],
    [
      "the rows of a table",
      "| what | how |\n|---|---|\n| size | 14 [a] |\n| growth | 8 [b] |",
      ["size 14 ← a", "growth 8 ← b"]
    ],
    ["lines of one sentence", "It grows\nwithout end [a].", ["It grows without end. ← a"]]
  ] as const)("are read of %s", ([, document, expected]) =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* told(document), [...expected])
    })
  )
})

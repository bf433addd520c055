/** A cited document is proved again from its proof: whatever was changed is found, and nothing else is complained of. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { hashOf } from "../../src/pipeline/CitedAnswer.ts"
import * as CitedMarkdown from "../../src/report/CitedMarkdown.ts"
import * as Proof from "../../src/report/Proof.ts"
import * as Verify from "../../src/report/Verify.ts"
import * as VerifyAgainstJournal from "../../src/report/VerifyAgainstJournal.ts"
import * as PlantedFaults from "./PlantedFaults.ts"

const answers = {
  market:
    "The market grows by 8.5 % a year, to 1,400 machines. Dr. Berg calls it “a market of replacement and of patience”.",
  rules: "From 2027 on the Ecodesign rules ban most gases.\n\nThey say [market] nothing.",
  rivals: "Daikin leads with 15 per cent."
}
const document = [
  "# Study",
  "The market grows by 8.5 % a year, to 1400 machines [market]. It is “a market of replacement and of patience” [market].",
  "- Daikin leads with 15 per cent, and from 2027 on the Ecodesign rules ban most gases [rivals, rules]."
].join("\n\n")
const parts = CitedMarkdown.toMarkdown(document, answers, { market: "How large?" })
const file = `${parts.join("\n\n")}\n`
const report = { answers, gaps: [{ name: "costs" }], run: "r1", simulated: false, spent: {} }
const proofOf = (text: string) => Proof.make(report as never, text)
const windows = (text: string) => text.replaceAll(/\r?\n/g, "\r\n")
const messagesOf = (text: string, proof = proofOf(text)) =>
  Effect.map(Verify.verify(text, proof), ({ complaints }) =>
    complaints.map(({ message, severity }) => `${severity}: ${message}`)
  )

describe("a cited document", () => {
  it("has numbered links to the answers, which stand in an appendix", () => {
    assert.include(file, "1400 machines [\\[1\\]](#answer-market).")
    assert.include(file, "[\\[2\\]](#answer-rivals)[\\[3\\]](#answer-rules)")
    assert.include(file, '### <a id="answer-market"></a>1. market\n\n*How large?*\n\n> The market grows')
    assert.include(file, "> They say [market] nothing.", "a mark in an answer is none")
  })

  it("is read back as it was", () => {
    const read = CitedMarkdown.read(file)
    assert.strictEqual(read.document, `${document}\n`)
    assert.deepStrictEqual(Object.fromEntries(read.answers), answers)
  })

  it.effect("is proved without a complaint", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* messagesOf(file), [])
    })
  )

  it.effect("is proved with line ends of Windows, also where it was written with some, and by an older proof", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* messagesOf(windows(file), proofOf(file)), [])
      const mixed = file.replace("# Study\n", "# Study\r\n")
      const older = { ...proofOf(mixed), document: hashOf(mixed) }
      for (const [text, proof] of [
        [windows(mixed), proofOf(mixed)],
        [file, proofOf(mixed)],
        [mixed, older]
      ] as const) {
        assert.deepStrictEqual(yield* messagesOf(text, proof), [])
      }
      const kept = { ...report, document }
      assert.deepStrictEqual(yield* VerifyAgainstJournal.verify(windows(file), proofOf(file), kept), [])
    })
  )

  it.effect.each([
    ["a changed document", "# Study", "# Studies", /^error: the document is not the one that was written/],
    [
      "a changed answer",
      "> Daikin leads with 15",
      "> Daikin leads with 16",
      /^error: the answer to rivals is not the one of the run/
    ],
    ["a lost answer", '<a id="answer-rules"></a>', "", /^error: the answer to rules is missing/]
  ] as const)("tells of %s", ([, from, to, message]) =>
    Effect.gen(function* () {
      const found = yield* messagesOf(file.replace(from, to), proofOf(file))
      assert.isTrue(
        found.some((each) => message.test(each)),
        found.join("\n")
      )
    })
  )

  it.effect.each([
    ["an unknown mark", "machines [market]", "machines [markets]", /^error: \[markets\] is the name of no finding/],
    ["the mark of a gap", "machines [market]", "machines [costs]", /^error: \[costs\] has no answer/],
    ["a statement without a mark", "1400 machines [market]", "1400 machines", /^warning: no mark: The market grows/],
    [
      "an invented quotation",
      "replacement and of patience”",
      "growth and of haste”",
      /^error: no answer says “a market of growth and of haste”/
    ],
    ["a changed number", "8.5 %", "9.5 %", /^warning: no answer has the number 9.5/],
    [
      "an invented name",
      "from 2027 on the Ecodesign",
      "from 2027 on the Bosch",
      /^warning: no answer has the name Bosch/
    ]
  ] as const)("that was written with %s is told of", ([, from, to, message]) =>
    Effect.gen(function* () {
      const written = `${CitedMarkdown.toMarkdown(document.replace(from, to), answers, {}).join("\n\n")}\n`
      const found = yield* messagesOf(written)
      assert.isTrue(
        found.some((each) => message.test(each)),
        found.join("\n")
      )
    })
  )
})

describe("50 seeded documents", () => {
  it.effect("have all of their planted faults found, and no complaint where there is none", () =>
    Effect.gen(function* () {
      const kinds = Object.keys(PlantedFaults.kinds)
      for (let seed = 1; seed <= 50; seed++) {
        const { alarms, found } = yield* PlantedFaults.play(seed)
        assert.deepStrictEqual([alarms, ...found], [0, ...kinds], `seed ${seed}`)
      }
    })
  )
})

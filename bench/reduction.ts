/** Does a fold of many answers lose nothing, and what does it cost? All is simulated, folds in virtual time. */
import { Effect } from "effect"
import { Claude } from "fanfold"
import * as Results from "./harness/Results.ts"
import * as Contradictions from "./reduction/Contradictions.ts"
import * as Fold from "./reduction/Fold.ts"
import * as OneShot from "./reduction/OneShot.ts"

const answers = 300
const tokens = 2000
const many = Results.isQuick ? 2000 : 10_000

const rows = []
const samples: Record<string, ReadonlyArray<number>> = {}
for (const window of [200_000, 32_000]) {
  Results.progress(`${answers} answers into ${window}`)
  const { document, folds, idealMillis, makespanMillis } = await Effect.runPromise(
    Fold.play(answers, tokens, { window }, true)
  )
  const lost = Array.from({ length: answers }, (_, n) => Fold.markerOf(n)).filter((each) => !document.includes(each))
  const first = folds.filter(({ level }) => level === 1).flatMap(({ names }) => names)
  const levels = Math.max(...folds.map(({ level }) => level))
  const ratio = makespanMillis / idealMillis
  samples[`makespan / ideal, window ${window} (ratio)`] = [ratio]
  rows.push({
    window: window.toLocaleString("en-US"),
    "markers lost": lost.length,
    "seen by exactly one first fold": first.length === answers && new Set(first).size === answers ? answers : -1,
    folds: Array.from({ length: levels }, (_, n) => folds.filter(({ level }) => level === n + 1).length).join(" → "),
    levels,
    "makespan / ideal": ratio.toFixed(3)
  })
}

Results.progress("cost beside one shot")
const fanIn = 20
const oneShot = await OneShot.play(60, tokens, {})
const [byDefault, named] = [
  await OneShot.play(60, tokens, { fanIn }),
  await OneShot.play(60, tokens, { fanIn, model: Claude.synthesisModel })
]
if (byDefault.model !== named.model) throw new Error(`two models: ${byDefault.model}, ${named.model}`)
const target = 1.15
const ratioOf = ({ usd }: OneShot.Billed): number => usd / oneShot.usd
const ratioText = (tree: OneShot.Billed): string =>
  `${ratioOf(tree).toFixed(2)} (target ≤ ${target}: ${ratioOf(tree) <= target ? "met" : "not met"})`
const condensation = named.written / named.read
// What is above the cost of one shot grows with what the folds write: it is paid as output, and read once more.
const neededCondensation = (condensation * (target - 1)) / (ratioOf(named) - 1)
samples["tree / one shot, by default (ratio)"] = [ratioOf(byDefault)]
samples["tree / one shot, folds by the named model of the document (ratio)"] = [ratioOf(named)]

Results.progress(`memory of ${many} answers`)
const large = await Effect.runPromise(Fold.play(many, tokens, { window: 32_000 }, false))
const megabytes = (bytes: number): number => Math.round(bytes / 1e6)
samples["peak of the heap above the findings (MB)"] = [megabytes(large.peakBytes)]

Results.progress("planted contradictions")
const [dirty, clean] = [await Contradictions.play(5), await Contradictions.play(5, true)]
const comparisonShare = (100 * dirty.comparisonUsd) / dirty.totalUsd
samples["cost of the comparison / cost of the run (%)"] = [comparisonShare]

await Results.report({
  name: "reduction",
  seed: 1,
  simulated: "answers, folds and their times; the folding, the checks and the memory are real",
  rows,
  further: {
    "Cost and memory": [
      { what: "one shot of 60 answers, billed by the mock, USD", value: oneShot.usd.toFixed(4) },
      { what: `a tree of fanIn 20 by default, lower folds by ${Claude.askModel} / that`, value: ratioText(byDefault) },
      {
        what: `a tree of fanIn 20 with "model: ${Claude.synthesisModel}", which folds too / that`,
        value: ratioText(named)
      },
      { what: "what the lower folds write / what they read, tokens", value: condensation.toFixed(3) },
      {
        what: "the condensation at which the ratio by the named model would be 1.15",
        value: neededCondensation.toFixed(3)
      },
      { what: `${many} answers into 32,000: folds`, value: String(large.folds.length) },
      { what: `the same: text of all answers, MB`, value: String(megabytes(many * tokens * 4.4)) },
      { what: `the same: peak of the heap above the findings, MB`, value: String(megabytes(large.peakBytes)) }
    ],
    Contradictions: [
      { what: "planted in fields and prose of 5 runs with 20 answers each", value: String(dirty.planted) },
      { what: "found", value: String(dirty.found) },
      { what: "false alarms, also in 5 runs without any", value: String(dirty.falseAlarms + clean.falseAlarms) },
      { what: "cost of the comparison, % of the run", value: comparisonShare.toFixed(2) }
    ]
  },
  notes: [
    `Both costs are of the mock's ledger, without the asks; each document has ${OneShot.documentTokens} tokens.`,
    "The simulated fold keeps sentences with numbers first, as many words as the prompt allows, each with its mark.",
    "The mock finds in prose what its scenario has: what is measured is that it reaches document and report, and its cost."
  ],
  samples
})
